"""Makes fixtures/pictures/transforms.golden.json: what torchvision 0.14 makes of a part of waves.jpg by each of its functional
transforms of PIL images and by ColorJitter, its tables of TrivialAugmentWide and RandAugment, timm's solarize_add by Pillow's own
point(), and lighting by fb.resnet.torch's formula in PyTorch.

    python3 tools/goldens/transforms.py

It takes Pillow, torchvision and numpy (on Debian 12: python3-pil, python3-torchvision, python3-numpy). A second run writes the same
bytes. Pictures are 40×28 (and one of 31×31 in grey); each is recorded as the SHA-256 of its bytes [H, W, C] and its first bytes.
"""

import hashlib
import json
from pathlib import Path

import numpy as np
import PIL
import torch
import torchvision
import torchvision.transforms.functional as F
from PIL import Image
from torchvision.transforms import ColorJitter, InterpolationMode, RandAugment, TrivialAugmentWide
from torchvision.transforms.autoaugment import _apply_op

FOLDER = Path(__file__).resolve().parents[2] / "fixtures" / "pictures"
MODES = {"nearest": InterpolationMode.NEAREST, "bilinear": InterpolationMode.BILINEAR, "bicubic": InterpolationMode.BICUBIC}
KEPT_BYTES = 24


def pictures():
    waves = Image.open(FOLDER / "waves.jpg").convert("RGB")
    dark = Image.fromarray((np.asarray(waves.crop((100, 200, 140, 228))).astype(np.int32) // 3 + 20).astype(np.uint8))
    return {
        "colour": waves.crop((180, 120, 220, 148)),
        "square": waves.crop((300, 40, 332, 72)),
        "dark": dark,
        "grey": waves.convert("L").crop((50, 60, 81, 91)),
        "flat": Image.new("RGB", (8, 6), (12, 200, 77)),
    }


def recorded(image):
    values = np.asarray(image).tobytes()
    return {"sha256": hashlib.sha256(values).hexdigest(), "first": values[:KEPT_BYTES].hex()}


def solarize_add(image, amount):
    return image.point([min(255, i + amount) if i < 128 else i for i in range(256)] * len(image.getbands()))


def simple_cases():
    enhanced = {
        "brightness": F.adjust_brightness,
        "contrast": F.adjust_contrast,
        "saturation": F.adjust_saturation,
        "sharpness": F.adjust_sharpness,
    }
    for kind, function in enhanced.items():
        for factor in (0, 0.1, 0.6, 0.7321, 1, 1.4, 1.99, 3.7):
            yield {"kind": kind, "factor": factor}, lambda image, function=function, factor=factor: function(image, factor)
    for turn in (-0.5, -0.31, -0.1, 0, 0.004, 0.05, 0.25, 0.5):
        yield {"kind": "hue", "turn": turn}, lambda image, turn=turn: F.adjust_hue(image, turn)
    for bits in (0, 1, 2, 4, 7, 8):
        yield {"kind": "posterize", "bits": bits}, lambda image, bits=bits: F.posterize(image, bits)
    for threshold in (0, 50.5, 128, 255, 256):
        yield {"kind": "solarize", "threshold": threshold}, lambda image, threshold=threshold: F.solarize(image, threshold)
    for amount in (0, 37, 110):
        yield {"kind": "solarize-add", "amount": amount}, lambda image, amount=amount: solarize_add(image, amount)
    yield {"kind": "autocontrast"}, F.autocontrast
    yield {"kind": "equalize"}, F.equalize
    yield {"kind": "invert"}, F.invert


def policy_cases():
    """Movements as the policies call them: by name and magnitude."""
    for name, magnitudes in {
        "ShearX": (0.99, -0.99, 0.033, -0.3),
        "ShearY": (0.99, -0.99, 0.033, -0.3),
        "TranslateX": (32.0, -17.6, 1.07),
        "TranslateY": (32.0, -17.6, 1.07),
        "Rotate": (4.5, -30.0, 90.0, -90.0, 135.0, -121.5, 0.0),
    }.items():
        for magnitude in magnitudes:
            yield name, float(np.float32(magnitude))


def jitter_cases(inputs):
    """ColorJitter with what it drew: the same seed draws the same for get_params and for the transform."""
    names = ("brightness", "contrast", "saturation", "hue")
    for seed in range(8):
        jitter = ColorJitter(0.4, 0.4, 0.4, 0.1)
        torch.manual_seed(seed)
        order, *values = ColorJitter.get_params(jitter.brightness, jitter.contrast, jitter.saturation, jitter.hue)
        torch.manual_seed(seed)
        image = jitter(inputs["colour"])
        yield {
            "picture": "colour",
            "operations": [{"kind": names[i], "turn" if names[i] == "hue" else "factor": values[i]} for i in order.tolist()],
            **recorded(image),
        }


def lighting_cases():
    """transforms.lua's Lighting and ColorNormalize of fb.resnet.torch, in f64: of bytes 0, 100 and 255, by channel."""
    values = torch.tensor([0.2175, 0.0188, 0.0045], dtype=torch.float64)
    vectors = torch.tensor(
        [[-0.5675, 0.7192, 0.4009], [-0.5808, -0.0045, -0.8140], [-0.5836, -0.6948, 0.4203]], dtype=torch.float64
    )
    mean = torch.tensor([0.485, 0.456, 0.406], dtype=torch.float64)
    deviation = torch.tensor([0.229, 0.224, 0.225], dtype=torch.float64)
    levels = torch.tensor([0.0, 100.0, 255.0], dtype=torch.float64) / 255
    for multiples in ([0.0, 0.0, 0.0], [0.1, 0.0, 0.0], [-0.2, 0.13, 0.04], [0.05, -0.31, 0.17]):
        alpha = torch.tensor(multiples, dtype=torch.float64)
        shift = (vectors * alpha.view(1, 3).expand(3, 3) * values.view(1, 3).expand(3, 3)).sum(1)
        normalised = (levels.view(1, 3) + shift.view(3, 1) - mean.view(3, 1)) / deviation.view(3, 1)
        yield {"multiples": multiples, "shift": shift.tolist(), "normalised": normalised.tolist()}


def space(table):
    return {name: {"signed": signed, "magnitudes": np.atleast_1d(values.numpy()).astype(float).tolist()} for name, (values, signed) in table.items()}


def main():
    inputs = pictures()
    simple = [
        {"picture": name, "operation": operation, **recorded(function(image))}
        for operation, function in simple_cases()
        for name, image in inputs.items()
    ]
    fills = {"black": None, "colour": [124.0, 116.0, 104.0]}
    moved = [
        {
            "picture": name,
            "policy": policy,
            "magnitude": magnitude,
            "interpolation": mode,
            "fill": fill,
            **recorded(_apply_op(inputs[name], policy, magnitude, MODES[mode], fills[fill])),
        }
        for policy, magnitude in policy_cases()
        for mode in MODES
        for name, fill in (("colour", "black"), ("square", "colour"), ("grey", "black"))
    ]
    trivial, random = TrivialAugmentWide(), RandAugment()
    golden = {
        "made": {"script": "tools/goldens/transforms.py", "pillow": PIL.__version__, "torchvision": torchvision.__version__},
        "pictures": {
            name: {"width": image.width, "height": image.height, "channels": len(image.getbands()), "bytes": np.asarray(image).tobytes().hex()}
            for name, image in inputs.items()
        },
        "simple": simple,
        "moved": moved,
        "jittered": list(jitter_cases(inputs)),
        "lighting": list(lighting_cases()),
        "spaces": {
            "trivial": space(trivial._augmentation_space(31)),
            "random-224": space(random._augmentation_space(31, (224, 224))),
        },
    }
    text = json.dumps(golden)
    for key in ('"simple": [', '"moved": [', '"jittered": [', '"lighting": [', '"spaces": {', '"pictures": {'):
        text = text.replace(key, "\n " + key)
    text = text.replace('{"picture": ', '\n  {"picture": ')
    (FOLDER / "transforms.golden.json").write_text(text + "\n")


main()
