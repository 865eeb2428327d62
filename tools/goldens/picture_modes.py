"""Makes fixtures/pictures/modes/: small pictures stored in the ways that people's files are, and Pillow's RGB of each.

    python3 tools/goldens/picture_modes.py

It takes Pillow and numpy (on Debian 12: python3-pil, python3-numpy). A second run writes the same bytes. The golden values are bytes
[H, W, 3] of ImageOps.exif_transpose(image).convert("RGB"), in hexadecimal.
"""

import json
import struct
import zlib
from pathlib import Path

import numpy as np
import PIL
from PIL import Image, ImageCms, ImageOps

FOLDER = Path(__file__).resolve().parents[2] / "fixtures" / "pictures" / "modes"
WIDTH, HEIGHT = 24, 18
ORIENTATION = 0x112


def values():
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH].astype(np.float64)
    waves = [128 + 90 * np.sin(0.31 * x + 0.17 * y + c) + 30 * np.cos(0.9 * y - 0.4 * x * c) for c in range(3)]
    return np.clip(np.stack(waves, axis=-1), 0, 255).astype(np.uint8)


def write_png(name, samples, colour_type):
    """A PNG of 16 bits, which Pillow doesn't write in colour."""
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in samples)

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", WIDTH, HEIGHT, 16, colour_type, 0, 0, 0)
    parts = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    (FOLDER / name).write_bytes(b"\x89PNG\r\n\x1a\n" + parts)


def wide_gamut():
    """An RGB profile whose colours are not sRGB's: sRGB with the columns of red and green exchanged."""
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    profile[24:36] = bytes(12)  # the date of its making, which would be now
    tags = {bytes(profile[132 + 12 * i : 136 + 12 * i]): 132 + 12 * i for i in range(struct.unpack(">I", profile[128:132])[0])}
    red, green = tags[b"rXYZ"], tags[b"gXYZ"]
    profile[red + 4 : red + 12], profile[green + 4 : green + 12] = profile[green + 4 : green + 12], profile[red + 4 : red + 12]
    return bytes(profile)


def write_files():
    rgb = Image.fromarray(values())
    grey = rgb.convert("L")
    opaque = rgb.copy()
    opaque.putalpha(255)

    def save(name, image, **options):
        image.save(FOLDER / name, **options)

    save("rgb.jpg", rgb, quality=90)
    save("progressive.jpg", rgb, quality=80, progressive=True)
    save("subsampled.jpg", rgb, quality=70, subsampling=2)
    save("whole-chroma.jpg", rgb, quality=70, subsampling=0)
    save("grey.jpg", grey, quality=90)
    save("wide-gamut.jpg", rgb, quality=90, icc_profile=wide_gamut())
    save("wide-gamut.png", rgb, icc_profile=wide_gamut())
    save("rgb.png", rgb)
    save("grey.png", grey)
    save("opaque.png", opaque)
    save("palette.png", rgb.quantize(64))
    save("bits.png", rgb.convert("1"))
    save("first-of-two.gif", rgb.quantize(200), save_all=True, append_images=[rgb.rotate(180).quantize(200)], duration=100)
    save("first-of-two.webp", rgb, save_all=True, append_images=[rgb.rotate(180)], duration=100, lossless=True)
    save("lossless.webp", rgb, lossless=True)
    save("lossy.webp", rgb, quality=80)
    for orientation in range(1, 9):
        exif = Image.Exif()
        exif[ORIENTATION] = orientation
        save(f"turned-{orientation}.jpg", rgb, quality=90, exif=exif)
    exif = Image.Exif()
    exif[ORIENTATION] = 6
    save("turned-6.webp", rgb, lossless=True, exif=exif)
    save("turned-6.png", rgb, exif=exif)
    noise = np.random.RandomState(0).randint(0, 256, (HEIGHT, WIDTH, 3))
    write_png("rgb-16-bit.png", values().astype(np.uint16) * 256 + noise, 2)
    # Where we differ from Pillow, or there is nothing to agree with: see decode-picture.ts.
    save("cmyk.jpg", rgb.convert("CMYK"), quality=90)
    write_png("grey-16-bit.png", np.asarray(grey).astype(np.uint16) * 256 + noise[..., 0], 0)
    veiled = rgb.copy()
    veiled.putalpha(Image.fromarray((np.arange(WIDTH * HEIGHT).reshape(HEIGHT, WIDTH) % 256).astype(np.uint8)))
    save("veiled.png", veiled)


def main():
    FOLDER.mkdir(parents=True, exist_ok=True)
    write_files()
    pictures = []
    for path in sorted(FOLDER.iterdir()):
        if path.suffix == ".json":
            continue
        with Image.open(path) as image:
            upright = ImageOps.exif_transpose(image).convert("RGB")
            size = list(upright.size)
            pictures.append({"file": path.name, "mode": image.mode, "size": size, "bytes": np.asarray(upright).tobytes().hex()})
    golden = {"made": {"script": "tools/goldens/picture_modes.py", "pillow": PIL.__version__}, "pictures": pictures}
    (FOLDER / "modes.golden.json").write_text(json.dumps(golden, indent=1) + "\n")


main()
