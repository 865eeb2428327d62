"""Makes fixtures/exchange/: small files as PyTorch and numpy write them, and what they hold.

    /usr/bin/python3 tools/exchange/make_fixtures.py

Debian 12's python3-torch 1.13 and python3-numpy 1.24. Every value follows from a formula, so a second run gives the same tensors
(the bytes of PyTorch's legacy files hold addresses as keys, and differ).
"""
import json
import pathlib
from collections import OrderedDict

import numpy as np
import torch

folder = pathlib.Path(__file__).resolve().parents[2] / "fixtures" / "exchange"
folder.mkdir(parents=True, exist_ok=True)


def numbers(*shape, dtype=torch.float32, start=0):
    """-3, -2.75, ... : exact in every floating-point type here."""
    count = int(np.prod(shape))
    values = (torch.arange(start, start + count) % 25 - 12).to(torch.float64) / 4
    return values.reshape(shape).to(dtype)


def expected(tensors):
    """Name, what it is read as, shape and values, in order. Infinities and NaN as text."""
    def kind(t):
        names = {torch.float64: "f64", torch.int8: "i8"}
        return names.get(t.dtype, "f32" if t.dtype.is_floating_point else "i32")

    def value(v):
        return v if np.isfinite(v) else "NaN" if np.isnan(v) else "Infinity" if v > 0 else "-Infinity"

    return [
        {"name": name, "dtype": kind(t), "shape": list(t.shape),
         "values": [value(v) for v in t.detach().double().reshape(-1).tolist()]}
        for name, t in tensors.items()
    ]


class Net(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = torch.nn.Conv2d(3, 4, 3, bias=False)
        self.bn1 = torch.nn.BatchNorm2d(4)
        self.linear = torch.nn.Linear(4, 5)


def network():
    net = Net()
    state = net.state_dict()
    for i, (name, t) in enumerate(state.items()):
        state[name].copy_(numbers(*t.shape, dtype=t.dtype, start=7 * i) if t.dtype.is_floating_point else torch.tensor(391))
    return net


def dtypes():
    types = [torch.float16, torch.bfloat16, torch.float64, torch.float32, torch.int64, torch.int32, torch.int16, torch.int8]
    tensors = OrderedDict((str(t)[6:], numbers(2, 3, dtype=t)) for t in types)
    tensors["uint8"] = torch.tensor([0, 200, 255], dtype=torch.uint8)
    tensors["bool"] = torch.tensor([True, False, True])
    tensors["special"] = torch.tensor([float("inf"), float("-inf"), float("nan"), -0.0])
    tensors["scalar"] = torch.tensor(-2.5)
    tensors["empty"] = torch.zeros(0, 3)
    return tensors


def views():
    """Several tensors over one storage, in every order a stride can give."""
    base = numbers(4, 6)
    images = numbers(2, 3, 4, 5).contiguous(memory_format=torch.channels_last)
    return OrderedDict(
        base=base,
        rows=base[1:3],
        column=base[:, 2],
        every_other=base[::2, 1::3],
        transposed=base.t(),
        repeated=base[0].expand(3, 6),
        one=base[3, 5],
        parameter=torch.nn.Parameter(base.t()[1:4]),
        channels_last=images,
        halves=numbers(3, 4, dtype=torch.float16).t(),
    )


def both(name, value, tensors):
    """In both of PyTorch's layouts."""
    torch.save(value, folder / f"{name}.zip.pth")
    torch.save(value, folder / f"{name}.legacy.pth", _use_new_zipfile_serialization=False)
    (folder / f"{name}.golden.json").write_text(json.dumps(expected(tensors)) + "\n")


both("dtypes", dtypes(), dtypes())
both("views", views(), views())
net = network()
optimizer = torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9)
net.linear(numbers(2, 4)).sum().backward()
optimizer.step()
net.load_state_dict(network().state_dict())
parallel = OrderedDict((f"module.{name}", t) for name, t in net.state_dict().items())
both(
    "training",
    {"epoch": 180, "state_dict": parallel, "best_prec1": torch.tensor(91.7), "arch": "resnet20",
     "optimizer": optimizer.state_dict(), "milestones": [100, 150], "amp": None, "nesterov": False, "shape": (3, 32.5)},
    parallel,
)
torch.save(network(), folder / "module.zip.pth")  # a whole module: its class is refused

arrays = OrderedDict(
    f2=numbers(2, 3).numpy().astype("<f2"),
    f4=numbers(2, 3).numpy(),
    f8=numbers(2, 3).numpy().astype("<f8"),
    i4=np.arange(-3, 3, dtype="<i4"),
    i8=np.arange(-3, 3, dtype="<i8"),
    big_f2=numbers(2, 3).numpy().astype(">f2"),
    big_f4=numbers(2, 3).numpy().astype(">f4"),
    big_f8=numbers(2, 3).numpy().astype(">f8"),
    big_i4=np.arange(-3, 3, dtype=">i4"),
    big_i8=np.arange(-3, 3, dtype=">i8"),
    u1=np.array([0, 200, 255], dtype="u1"),
    b1=np.array([True, False]),
    fortran=np.asfortranarray(numbers(2, 3, 4).numpy()),
    fortran_big=np.asfortranarray(numbers(3, 4).numpy().astype(">f8")),
    scalar=np.array(-2.5, dtype="f4"),
    empty=np.zeros((0, 3), dtype="f4"),
)
np.savez(folder / "arrays.stored.npz", **arrays)
np.savez_compressed(folder / "arrays.deflated.npz", **arrays)
native = OrderedDict((k, torch.from_numpy(np.ascontiguousarray(v).astype(v.dtype.newbyteorder("=")).reshape(v.shape)))
                     for k, v in arrays.items())
(folder / "arrays.golden.json").write_text(json.dumps(expected(native)) + "\n")
(folder / "versions.golden.json").write_text(json.dumps({"torch": torch.__version__, "numpy": np.__version__}) + "\n")
