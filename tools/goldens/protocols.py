"""Makes fixtures/protocols/: what PyTorch answers to photographs by each protocol of evaluation.

    python3 tools/goldens/protocols.py [idx file of Fashion-MNIST's test images]

It takes Pillow, torch, torchvision and numpy, and writes the same bytes again on the same machine. The pictures are the photographs in
natural colours of fixtures/photographs (wide, square, tall; two of them stored turned), and one of clothes from Fashion-MNIST (MIT
licence) as it is, which is smaller than the network's images. The network is a narrow ResNet-8 for CIFAR with the formula's weights. Per protocol the golden has log of the mean of softmax probabilities
[images, classes], computed in float64, and float32's relative error, from which the test derives its tolerance.

The multi-scale twin is fully convolutional in the literal sense: the classifier is a 1x1 convolution over the last feature map,
and its map of scores is averaged over positions.
"""

import gzip
import json
import sys
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
import torchvision.transforms.functional as T
from PIL import Image, ImageOps

import formula
import models

FIXTURES = Path(__file__).resolve().parents[2] / "fixtures"
FOLDER = FIXTURES / "protocols"
SEED = 11
SIZE, SHORTER, STRIDE = 32, 36, 4
SCALES = [round(scale * SIZE / 224) for scale in (224, 256, 384, 480, 640)]
MEAN, DEVIATION = [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]
PHOTOGRAPHS = ["cat.jpg", "cup.jpg", "portrait.jpg", "rocket.jpg"]
SMALL, SMALL_INDEX = "small.png", 18


def write_small(idx):
    pixels = np.frombuffer(gzip.open(idx).read(), np.uint8, offset=16).reshape(-1, 28, 28)
    FOLDER.mkdir(exist_ok=True)
    Image.fromarray(pixels[SMALL_INDEX]).convert("RGB").save(FOLDER / SMALL, optimize=True)


class Network(models.CifarResNet):
    """A block a stage, of 4, 8 and 16 channels, so that the reference engine is quick."""

    def __init__(self):
        super().__init__(1)
        self.conv1 = torch.nn.Conv2d(3, 4, 3, 1, 1, bias=False)
        self.bn1 = torch.nn.BatchNorm2d(4)
        for stage, (inputs, outputs, stride) in enumerate([(4, 4, 1), (4, 8, 2), (8, 16, 2)], 1):
            setattr(self, f"layer{stage}", torch.nn.Sequential(models.CifarBlock(inputs, outputs, stride, True)))
        self.fc = torch.nn.Linear(16, 10)


def network():
    model = Network()
    state = {name: torch.from_numpy(formula.state_tensor(SEED, name, tuple(value.shape))) for name, value in model.state_dict().items() if value.dim() > 0}
    model.load_state_dict(state, strict=False)
    return model.eval()


def normalised(image, dtype):
    x = T.to_tensor(image).to(torch.float64)
    mean, deviation = torch.tensor(MEAN, dtype=torch.float64), torch.tensor(DEVIATION, dtype=torch.float64)
    return ((x - mean[:, None, None]) / deviation[:, None, None]).to(torch.float32).to(dtype)[None]


def moved(x, down, right):
    """y[i, j] = x[i + down, j + right], 0 outside."""
    height, width = x.shape[2:]
    padded = F.pad(x, (abs(right),) * 2 + (abs(down),) * 2)
    top, left = abs(down) + down, abs(right) + right
    return padded[:, :, top : top + height, left : left + width]


def dense(model, x):
    """The score map of the fully convolutional network, averaged over its positions."""
    features = []
    hook = model.layer3.register_forward_hook(lambda _module, _inputs, output: features.append(output))
    model(x)
    hook.remove()
    scores = F.conv2d(features[0], model.fc.weight[:, :, None, None], model.fc.bias)
    return scores.mean(dim=(2, 3))


def whole(image, scale):
    resized = T.resize(image, scale)
    width, height = resized.size
    longer = max(scale, min(max(width, height), 2 * scale) // STRIDE * STRIDE)
    return T.center_crop(resized, [longer, scale] if width <= height else [scale, longer])


def views(image, protocol, dtype):
    """The inputs of a protocol, and whether they go through the fully convolutional network."""
    resized = T.resize(image, SHORTER)
    centre = normalised(T.center_crop(resized, [SIZE, SIZE]), dtype)
    if protocol == "one-crop":
        return [centre], False
    if protocol == "one-crop mirror,shifts":
        both = [centre, torch.flip(centre, [3])]
        moves = [(-1, 0), (1, 0), (0, -1), (0, 1)]
        shifted = [moved(centre, *move) for move in moves]
        return both + shifted + [torch.flip(x, [3]) for x in shifted], False
    if protocol == "ten-crop":
        patches = [normalised(patch, dtype) for patch in T.five_crop(resized, [SIZE, SIZE])]
        return patches + [torch.flip(patch, [3]) for patch in patches], False
    maps = [normalised(whole(image, scale), dtype) for scale in SCALES]
    return (maps + [torch.flip(x, [3]) for x in maps] if protocol.endswith("mirror") else maps), True


def answers(model, image, protocol, dtype):
    inputs, is_dense = views(image, protocol, dtype)
    with torch.no_grad():
        logits = [dense(model, x) if is_dense else model(x) for x in inputs]
    return torch.stack([torch.softmax(each[0], 0) for each in logits]).mean(0).log()


def main():
    torch.set_num_threads(1)
    write_small(sys.argv[1] if len(sys.argv) > 1 else "/usr/share/datasets/fashion-mnist/t10k-images-idx3-ubyte.gz")
    paths = [*(FIXTURES / "photographs" / name for name in PHOTOGRAPHS), FOLDER / SMALL]
    images = [ImageOps.exif_transpose(Image.open(path)).convert("RGB") for path in paths]
    protocols = {}
    for protocol in ("one-crop", "one-crop mirror,shifts", "ten-crop", "multi-scale", "multi-scale mirror"):
        tables = {}
        for dtype in (torch.float64, torch.float32):
            model = network().to(dtype)
            tables[dtype] = torch.stack([answers(model, image, protocol, dtype) for image in images]).double()
        exact = tables[torch.float64]
        error = ((tables[torch.float32] - exact).norm() / exact.norm()).item()
        protocols[protocol] = {"f32Error": error, "logProbabilities": [[float(f"{value:.11g}") for value in row] for row in exact.tolist()]}
    golden = {
        "made": {"script": "tools/goldens/protocols.py", "torch": torch.__version__, "formula": formula.FORMULA_VERSION, "seed": SEED},
        "files": [str(path.relative_to(FIXTURES)) for path in paths],
        "scales": SCALES,
        "protocols": protocols,
    }
    (FOLDER / "protocols.golden.json").write_text(json.dumps(golden, indent=1) + "\n")
    print({name: each["f32Error"] for name, each in protocols.items()})


main()
