"""Makes fixtures/photographs/*.jpg: four photographs in natural colours, free of copyright, as small JPEG files of several kinds.

    python3 tools/goldens/photograph_files.py <folder of scikit-image's data>

The folder is /usr/lib/python3/dist-packages/skimage/data of Debian's python3-skimage (0.19.3; `apt-get download python3-skimage &&
dpkg-deb -x python3-skimage_*.deb unpacked` is enough). It takes Pillow. A second run writes the same bytes.
"""

import hashlib
import json
import sys
from pathlib import Path

from PIL import Image

FOLDER = Path(__file__).resolve().parents[2] / "fixtures" / "photographs"
ORIENTATION = 0x112
CC0 = "https://creativecommons.org/publicdomain/zero/1.0/"
# (file, file of scikit-image, part of it or None, size, how it is stored, what it shows, who made it, licence)
PHOTOGRAPHS = [
    ("cat.jpg", "chelsea.png", None, (300, 200), {"quality": 85, "subsampling": 2}, "the cat Chelsea", "Stéfan van der Walt", f"CC0 1.0 ({CC0})"),
    # Stored lying on its side: EXIF's orientation 6 says that it is to be turned by 90° clockwise.
    ("cup.jpg", "coffee.png", (100, 0, 500, 400), (150, 150), {"quality": 90, "subsampling": 0, "turned": 6}, "a cup of coffee", "Rachel Michetti", f"CC0 1.0 ({CC0})"),
    ("portrait.jpg", "astronaut.png", (60, 0, 360, 512), (123, 210), {"quality": 80, "progressive": True}, "the astronaut Eileen Collins", "NASA", "public domain"),
    ("rocket.jpg", "rocket.jpg", None, (256, 171), {"quality": 75, "turned": 3}, "a rocket before its launch", "SpaceX", "public domain"),
]
TURNS = {3: Image.Transpose.ROTATE_180, 6: Image.Transpose.ROTATE_90}


def main():
    source = Path(sys.argv[1])
    listed = []
    for name, original, part, size, stored, shows, author, licence in PHOTOGRAPHS:
        image = Image.open(source / original).convert("RGB").crop(part) if part else Image.open(source / original).convert("RGB")
        image = image.resize(size, Image.Resampling.LANCZOS)
        image.info.pop("comment", None)
        options = {key: value for key, value in stored.items() if key != "turned"}
        if "turned" in stored:
            exif = Image.Exif()
            exif[ORIENTATION] = stored["turned"]
            image, options["exif"] = image.transpose(TURNS[stored["turned"]]), exif
        image.save(FOLDER / name, optimize=True, **options)
        content = (FOLDER / name).read_bytes()
        listed.append(
            {
                "file": name,
                "shows": shows,
                "author": author,
                "licence": licence,
                "source": f"skimage/data/{original} of Debian's python3-skimage 0.19.3-8, made smaller",
                "sha256": hashlib.sha256(content).hexdigest(),
            }
        )
    made = {"script": "tools/goldens/photograph_files.py"}
    (FOLDER / "photographs.golden.json").write_text(json.dumps({"made": made, "photographs": listed}, indent=1, ensure_ascii=False) + "\n")


main()
