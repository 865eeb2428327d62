"""Loads a weights file that Residual wrote into torchvision's resnet18, strictly, and prints what it found as JSON; then saves
the network in both of PyTorch's layouts, for Residual to read. Run by test/exchange/torch-reads-ours.test.ts.

    /usr/bin/python3 tools/exchange/check_torch.py <folder>

The logits of two made-up images, by m.pth, are printed as well. The folder holds m.pth, m.safetensors and m.npz. The safetensors reader is eight lines, for Debian has none.
"""
import hashlib
import json
import pathlib
import struct
import sys

import numpy as np
import torch
import torchvision

folder = pathlib.Path(sys.argv[1])


def read_safetensors(path):
    data = path.read_bytes()
    (length,) = struct.unpack("<Q", data[:8])
    header = json.loads(data[8 : 8 + length])
    header.pop("__metadata__", None)
    kinds = {"F32": np.float32, "F16": np.float16, "F64": np.float64, "I32": np.int32}
    return {
        name: torch.from_numpy(
            np.frombuffer(data[8 + length + t["data_offsets"][0] : 8 + length + t["data_offsets"][1]], kinds[t["dtype"]])
            .reshape(t["shape"]).copy())
        for name, t in header.items()
    }


def digest(state):
    """Of every tensor's bytes, in the order of their names."""
    sha = hashlib.sha256()
    for name in sorted(state):
        if not name.endswith("num_batches_tracked"):
            sha.update(name.encode() + state[name].detach().contiguous().numpy().tobytes())
    return sha.hexdigest()


def picture():
    """Two images that both sides compute: pixel i of the batch is ((37·i) mod 101 − 50) / 25, row-major, images first."""
    i = np.arange(2 * 3 * 64 * 64)
    return torch.from_numpy((((37 * i) % 101 - 50) / 25).astype(np.float32).reshape(2, 3, 64, 64))


found = {}
npz = np.load(folder / "m.npz")
states = {
    "pth": torch.load(folder / "m.pth"),
    "weightsOnly": torch.load(folder / "m.pth", weights_only=True),
    "f16": torch.load(folder / "half.pth", weights_only=True),
    "safetensors": read_safetensors(folder / "m.safetensors"),
    "npz": {name: torch.from_numpy(npz[name]) for name in npz.files},
}
for kind, state in states.items():
    net = torchvision.models.resnet18(num_classes=7)
    loaded = net.load_state_dict(state, strict=True)
    found[kind] = {"keys": str(loaded), "digest": digest(net.state_dict())}
    found[kind]["dtype"] = str(next(iter(state.values())).dtype)
    if kind == "pth":  # in f64, so that the differences found are Residual's own
        found["logits"] = net.double().eval()(picture().double()).tolist()

torch.manual_seed(1)
net = torchvision.models.resnet18(num_classes=7)
torch.save(net.state_dict(), folder / "zip.pth")
torch.save({"model": net.state_dict(), "epoch": 1}, folder / "legacy.pth", _use_new_zipfile_serialization=False)
torch.save(torch.nn.DataParallel(net).half().state_dict(), folder / "parallel.pth")
found["made"] = digest(net.float().state_dict())  # through f16
net = torchvision.models.resnet18(num_classes=7)
net.load_state_dict(torch.load(folder / "zip.pth"))
found["saved"] = digest(net.state_dict())
print(json.dumps(found))
