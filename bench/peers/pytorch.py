"""What pytorch_train.py and pytorch_infer.py share: arguments, synthetic data, timing, and the JSON line they print.

Both time repetitions of a few steps after a warm-up; imagesPerSecond is that of a repetition: median, min and max of them.
peakResidentBytes is the process's own maximum (getrusage), the interpreter and PyTorch's libraries included.
"""

import argparse
import json
import os
import platform
import resource
import statistics
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools" / "goldens"))


def arguments(description, *flags):
    """The parsed arguments; `flags` are further switches, each a name and its help."""
    parser = argparse.ArgumentParser(description=description)
    for name, meaning in flags:
        parser.add_argument(name, action="store_true", help=meaning)
    parser.add_argument("--model", default="resnet20", help="resnet20, plain20 and their like, or torchvision's name")
    parser.add_argument("--batch", type=int, default=128, help="images in a step")
    parser.add_argument("--dtype", choices=["f32", "bf16"], default="f32", help="bf16 is torch's autocast on the CPU")
    parser.add_argument("--layout", choices=["channels-first", "channels-last"], default="channels-last")
    parser.add_argument("--steps", type=int, default=5, help="steps in a repetition")
    parser.add_argument("--repetitions", type=int, default=5)
    parser.add_argument("--warmup", type=int, default=2, help="steps before the clock runs")
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--image", type=int, help="height and width (default: 32 for the CIFAR networks, otherwise 224)")
    parser.add_argument("--classes", type=int, help="default: 10 for the CIFAR networks, otherwise 1000")
    chosen = parser.parse_args()
    for name in ("batch", "steps", "repetitions", "threads"):
        if getattr(chosen, name) < 1:
            parser.error(f"--{name} should be at least 1 but is {getattr(chosen, name)}")
    if chosen.warmup < 0:
        parser.error(f"--warmup should be at least 0 but is {chosen.warmup}")
    return chosen


def prepare(chosen):
    """The model and a batch of images and labels that stay in memory."""
    import torch

    import models

    torch.set_num_threads(chosen.threads)
    torch.manual_seed(0)
    cifar = models.is_cifar(chosen.model)
    chosen.image = chosen.image or (32 if cifar else 224)
    chosen.classes = chosen.classes or (10 if cifar else 1000)
    layout = torch.channels_last if chosen.layout == "channels-last" else torch.contiguous_format
    model = models.build(chosen.model, chosen.classes).to(memory_format=layout)
    images = torch.randn(chosen.batch, 3, chosen.image, chosen.image).contiguous(memory_format=layout)
    labels = torch.randint(0, chosen.classes, (chosen.batch,))
    return model, images, labels


def report(task, chosen, step):
    """Times step() and prints one JSON line."""
    for _ in range(chosen.warmup):
        step()
    rates = []
    for _ in range(chosen.repetitions):
        start = time.perf_counter()
        for _ in range(chosen.steps):
            step()
        rates.append(chosen.batch * chosen.steps / (time.perf_counter() - start))

    import torch
    import torchvision

    versions = {"python": platform.python_version(), "torch": torch.__version__, "torchvision": torchvision.__version__}
    print(json.dumps({
        "task": task,
        **vars(chosen),
        "imagesPerSecond": {
            "median": statistics.median(rates), "min": min(rates), "max": max(rates), "n": len(rates),
        },
        "peakResidentBytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,  # Linux counts in KiB
        "versions": {**versions, "oneDNN": onednn_version(torch)},
    }))


def onednn_version(torch):
    lines = torch.__config__.show().splitlines()
    return next((line.split("DNN v")[1].split()[0] for line in lines if "DNN v" in line), None)
