"""Makes fixtures/photographs/transforms.golden.json: what Pillow and torchvision make of four photographs, given the random numbers
that test/golden/photographs.test.ts drew (draws.golden.json), from the JPEG file to what a network is fed.

    npx vitest run dist/test/golden/photographs.test.js --update     # only where the draws changed: writes draws.golden.json
    python3 tools/goldens/photographs.py

It takes Pillow, torch, torchvision and numpy (on Debian 12: python3-pil, python3-torchvision, python3-numpy). A second run writes the
same bytes. Images [3, 64, 64] are recorded as the SHA-256 of their float32 numbers and the first four. Everything behind the bytes is
computed in float64 and rounded to float32 once.
"""

import hashlib
import json
from pathlib import Path

import numpy as np
import PIL
import torch
import torchvision
import torchvision.transforms.functional as F
from PIL import Image, ImageOps
from torchvision.transforms import InterpolationMode

FOLDER = Path(__file__).resolve().parents[2] / "fixtures" / "photographs"
MODES = {name: InterpolationMode(name) for name in ("nearest", "bilinear", "bicubic")}
POINT_MODES = {"nearest": Image.NEAREST, "bilinear": Image.BILINEAR, "bicubic": Image.BICUBIC}
MEAN = torch.tensor([0.485, 0.456, 0.406], dtype=torch.float64).view(3, 1, 1)
DEVIATION = torch.tensor([0.229, 0.224, 0.225], dtype=torch.float64).view(3, 1, 1)
MIXUP_STRIDE = 389

OPERATIONS = {
    "brightness": lambda image, o: F.adjust_brightness(image, o["factor"]),
    "contrast": lambda image, o: F.adjust_contrast(image, o["factor"]),
    "saturation": lambda image, o: F.adjust_saturation(image, o["factor"]),
    "sharpness": lambda image, o: F.adjust_sharpness(image, o["factor"]),
    "hue": lambda image, o: F.adjust_hue(image, o["turn"]),
    "posterize": lambda image, o: F.posterize(image, o["bits"]),
    "solarize": lambda image, o: F.solarize(image, o["threshold"]),
    "solarize-add": lambda image, o: image.point([min(255, i + o["amount"]) if i < 128 else i for i in range(256)] * 3),
    "autocontrast": lambda image, o: F.autocontrast(image),
    "equalize": lambda image, o: F.equalize(image),
    "invert": lambda image, o: F.invert(image),
    # What torchvision's affine and timm's shears call; which matrix a policy's magnitude gives is checked by transforms.py.
    "affine": lambda image, o: image.transform(image.size, Image.AFFINE, o["matrix"], POINT_MODES[o["interpolation"]], fillcolor=tuple(map(int, o["fill"]))),
}


def cut(image, region):
    part, resized, kept = region["part"], region["resized"], region["kept"]
    mode = MODES[region["interpolation"]]
    image = F.crop(image, part["top"], part["left"], part["height"], part["width"])
    image = F.resize(image, [resized["height"], resized["width"]], mode)
    return F.crop(image, kept["top"], kept["left"], kept["height"], kept["width"])


def levels(image):
    """[3, H, W], 0 … 1 in float64."""
    return torch.from_numpy(np.asarray(image).astype(np.float64) / 255).permute(2, 0, 1)


def placed(x, placement):
    """Padding by the mean is 0 after it is subtracted; then the crop, the mirror image, the rectangle."""
    pad, (height, width) = 16, x.shape[1:]
    x = torch.nn.functional.pad(x, (pad,) * 4)
    x = F.crop(x, pad + placement["shiftY"], pad + placement["shiftX"], height, width)
    if placement["flip"]:
        x = F.hflip(x)
    erased = placement["erased"]
    return x if erased is None else F.erase(x, erased["top"], erased["left"], erased["height"], erased["width"], torch.zeros(1, dtype=x.dtype))


def prepared(image, drawn):
    image = cut(image, drawn["region"])
    for operation in drawn["operations"]:
        image = OPERATIONS[operation["kind"]](image, operation)
    shift = torch.tensor(drawn["shift"], dtype=torch.float64).view(3, 1, 1)
    return placed((levels(image) + shift - MEAN) / DEVIATION, drawn["placement"]).to(torch.float32)


def recorded(x):
    values = x.contiguous().numpy()
    return {"first": [float(value) for value in values.reshape(-1)[:4]], "sha256": hashlib.sha256(values.tobytes()).hexdigest()}


def by_pixel_mean(crops):
    """He et al.'s "per-pixel mean subtracted", kept to 7 decimals and computed with in float32, then divided by each channel's deviation."""
    x = torch.stack([levels(crop) for crop in crops])
    mean = torch.from_numpy(np.round(x.mean(0).numpy(), 7))
    scaled, centre = (x / DEVIATION).to(torch.float32), (mean / DEVIATION).to(torch.float32)
    return {"first": mean.reshape(-1)[:8].tolist(), "prepared": [recorded(each - centre) for each in scaled]}


def main():
    draws = json.loads((FOLDER / "draws.golden.json").read_text())
    files = [each["file"] for each in json.loads((FOLDER / "photographs.golden.json").read_text())["photographs"]]
    images = [ImageOps.exif_transpose(Image.open(FOLDER / file)).convert("RGB") for file in files]
    cases = draws["cases"]
    plain = [each["region"] for each in cases["evaluation, bilinear"][0]]
    crops = [cut(image, region) for image, region in zip(images, plain)]
    batch = torch.stack([((levels(crop) - MEAN) / DEVIATION).to(torch.float32) for crop in crops])
    share, box = draws["mixup"], draws["cutmix"]
    partners = batch.flip(0).to(torch.float64)
    mixup = share * batch.to(torch.float64) + (1 - share) * partners
    rows, columns = slice(box["top"], box["top"] + box["height"]), slice(box["left"], box["left"] + box["width"])
    cutmix = batch.clone()
    cutmix[:, :, rows, columns] = batch.flip(0)[:, :, rows, columns]
    golden = {
        "made": {"script": "tools/goldens/photographs.py", "pillow": PIL.__version__, "torch": torch.__version__, "torchvision": torchvision.__version__},
        "decoded": {
            file: {"width": image.width, "height": image.height, "sha256": hashlib.sha256(np.asarray(image).tobytes()).hexdigest()}
            for file, image in zip(files, images)
        },
        "prepared": {
            name: [[recorded(prepared(image, drawn)) for image, drawn in zip(images, of_epoch)] for of_epoch in epochs]
            for name, epochs in cases.items()
        },
        "pixelMean": by_pixel_mean(crops),
        "mixup": {"stride": MIXUP_STRIDE, "values": mixup.reshape(-1)[::MIXUP_STRIDE].tolist()},
        "cutmix": [recorded(each) for each in cutmix],
    }
    text = json.dumps(golden)
    for name in cases:
        text = text.replace(f'"{name}": [[', f'\n  "{name}": [[')
    (FOLDER / "transforms.golden.json").write_text(text + "\n")


main()
