"""Makes fixtures/pictures/: a JPEG picture, and what Pillow and torchvision make of it.

    python3 tools/goldens/pictures.py

It takes Pillow, torchvision and numpy (on Debian 12: python3-pil, python3-torchvision, python3-numpy). A second run writes the same
bytes. Values are bytes [H, W, C], in hexadecimal.
"""

import json
from pathlib import Path

import numpy as np
import PIL
import torchvision
import torchvision.transforms.functional as F
from PIL import Image
from torchvision.transforms import InterpolationMode

FOLDER = Path(__file__).resolve().parents[2] / "fixtures" / "pictures"
WIDTH, HEIGHT = 500, 375


def picture():
    """Waves of several lengths, edges and a little noise: what photographs have."""
    random = np.random.RandomState(1)
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH].astype(np.float64)
    planes = []
    for channel in range(3):
        plane = 110 + 0.1 * channel * x
        for _ in range(6):
            fx, fy = random.uniform(-0.15, 0.15, 2)
            plane += 18 * np.sin(fx * x + fy * y + random.uniform(0, 6))
        planes.append(plane)
    values = np.stack(planes, axis=-1)
    for _ in range(12):
        left, top = random.randint(0, WIDTH - 60), random.randint(0, HEIGHT - 60)
        values[top : top + random.randint(5, 60), left : left + random.randint(5, 60)] += random.uniform(-70, 70, 3)
    values += random.normal(0, 4, values.shape)
    return Image.fromarray(np.clip(values, 0, 255).astype(np.uint8))


def hexadecimal(image):
    return np.asarray(image).tobytes().hex()


def main():
    FOLDER.mkdir(parents=True, exist_ok=True)
    picture().save(FOLDER / "waves.jpg", quality=80)
    decoded = Image.open(FOLDER / "waves.jpg").convert("RGB")
    modes = {"nearest": InterpolationMode.NEAREST, "bilinear": InterpolationMode.BILINEAR, "bicubic": InterpolationMode.BICUBIC, "lanczos": InterpolationMode.LANCZOS}
    evaluated = [
        {
            "shorterSide": side,
            "size": [24, 32],
            "interpolation": name,
            "bytes": hexadecimal(F.center_crop(F.resize(decoded, side, mode), [24, 32])),
        }
        for side, name, mode in [(37, name, mode) for name, mode in modes.items()] + [(400, "bilinear", modes["bilinear"])]
    ]
    cropped = [
        {
            "part": {"left": left, "top": top, "width": width, "height": height},
            "size": [24, 32],
            "bytes": hexadecimal(F.resized_crop(decoded, top, left, height, width, [24, 32], modes["bilinear"])),
        }
        for left, top, width, height in [(0, 0, 500, 375), (133, 20, 201, 260), (480, 365, 20, 10), (101, 99, 377, 271)]
    ]
    golden = {
        "made": {"script": "tools/goldens/pictures.py", "pillow": PIL.__version__, "torchvision": torchvision.__version__},
        "evaluated": evaluated,
        "cropped": cropped,
    }
    (FOLDER / "waves.golden.json").write_text(json.dumps(golden, indent=1) + "\n")


main()
