"""Remakes every golden in fixtures/ from PyTorch 1.13. One command, about six minutes on one core:

    python3 tools/goldens/make.py --date 2025-11-22

It takes PyTorch, torchvision and numpy (on Debian 12: python3-torch, python3-torchvision, python3-numpy). The date is an
argument, so that a second run writes the same bytes. Other versions, or other processors, may differ in f32Error and in the
last of the recorded digits. choose_seeds.py is what the seeds in networks.py come from; it need not be run again.
"""

import argparse
import datetime
import functools
import hashlib
import json
import math
import platform
from pathlib import Path

import numpy as np
import torch
import torchvision

import counts
import formula
import losses
import networks
import operations
import optimizers
import quantized
import step_networks
from digest import lines

FOLDER = Path(__file__).resolve().parents[2] / "fixtures"
LARGEST_BYTES = 150_000


def formula_golden():
    """Values that formula.py and formula.ts must both give."""
    shapes = {
        "layer1.0.conv1.weight": (64, 64, 3, 3),
        "conv1.weight": (16, 3, 3, 3),
        "fc.weight": (10, 512),
        "fc.bias": (10,),
        "layer1.0.bn1.weight": (64,),
        "layer1.0.bn3.weight": (256,),
        "layer1.0.bn1.running_mean": (64,),
        "layer1.0.bn1.running_var": (64,),
    }
    tensors = {name: (7, formula.state_tensor(7, name, shape)) for name, shape in shapes.items()}
    tensors["images.3"] = (7, formula.images(7, 3, (2, 3, 8, 9)))
    return {
        "fnv1a": {text: formula.fnv1a(text) for text in ("", "a", "foobar", "7/layer1.0.conv1.weight")},
        "tensors": {
            name: {
                "seed": seed,
                "shape": list(values.shape),
                "first": [float(value) for value in values.flatten()[:8]],
                "checksum": int(values.view(np.uint32).sum(dtype=np.uint64) % 2**32),
            }
            for name, (seed, values) in tensors.items()
        },
        "labels": formula.labels(7, "labels.3", 12, 10).tolist(),
        "sampleIndices": formula.sample_indices("layer1.0.conv1.weight", math.prod((64, 64, 3, 3)), 16).tolist(),
    }


def write(name, value, depth):
    text = lines(value, depth) + "\n"
    assert len(text) <= LARGEST_BYTES, f"{name} has {len(text)} bytes: keep fewer samples"
    (FOLDER / name).write_text(text, encoding="ascii")
    print(f"{name}: {len(text)} bytes", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--date", required=True, type=datetime.date.fromisoformat, help="for the manifest: YYYY-MM-DD")
    parser.add_argument("--only", default="", help="remake those whose file begins so (and the manifest); others stay")
    arguments = parser.parse_args()
    date = arguments.date
    torch.set_num_threads(1)
    FOLDER.mkdir(exist_ok=True)

    step_networks.check_twin()
    goldens = [
        ("formula", formula_golden, 2),
        ("counts", counts.make, 2),
        ("operations", operations.make, 4),
        ("optimizers", optimizers.make, 3),
        ("losses", losses.make, 3),
        ("quantized", quantized.make, 3),
        *((case.name, functools.partial(networks.make, case), 2) for case in networks.CASES),
        *((f"step-{step.name}", functools.partial(step_networks.make, step), 2) for step in step_networks.CASES),
    ]
    for name, make, depth in goldens:
        if name.startswith(arguments.only):
            write(f"{name}.golden.json", make(), depth)

    manifest = {
        "command": f"python3 tools/goldens/make.py --date {date}",
        "date": str(date),
        "formulaVersion": formula.FORMULA_VERSION,
        "versions": {
            "python": platform.python_version(),
            "torch": torch.__version__,
            "torchvision": torchvision.__version__,
            "numpy": np.__version__,
        },
        "files": {
            path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(FOLDER.glob("*.golden.json"))
        },
    }
    (FOLDER / "manifest.json").write_text(json.dumps(manifest, indent=2) + "\n", encoding="ascii")


if __name__ == "__main__":
    main()
