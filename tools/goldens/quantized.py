"""Goldens of int8: operations over bytes, filters as bytes, and the ranges of a calibration. Names are those of src/graph.

Levels come from numpy's int64: sums of products are exact, and one float64 expression is rounded once, ties to even. What PyTorch's
own quantised operations (oneDNN's and QNNPACK's, by torch.nn.quantized) can compute as well is compared with here, level by level.

Every level is kept. An engine brings sums to levels in float32: the sum, the bias, two factors, two products and an addition are a
rounding each, 7 * 2^-24 of what is added. Elements that this can carry across the middle between two levels are named in `ties`: there
either level is right, and nowhere else. Results in float32 are kept at formula.sample_indices, each with that bound.

Ranges are those for which rounding a ResNet-18's activations makes the least squared error: measured, range by range, on PyTorch's
activations in float64. `within` is the interval of ranges whose error is at most 1 + SLACK times the least. The slack: a histogram with
128 bins to an octave may give a range 2^-7 larger than the best, which makes the error (1 + 2^-7)^2 = 1.6 % larger at most; and it takes
the squared error of rounding for step^2 / 12, which over n elements is so within sqrt(4 / 5 / n), 1 % for the 8192 of the last layers.
"""

import math

import numpy as np
import torch
import torchvision
from torch.ao.quantization.observer import PerChannelMinMaxObserver

import formula
from digest import rounded
from training import Case

SAMPLES = 64
LEVELS = {"i8": (-128, 127), "u8": (0, 255)}
U = 2.0**-24


def bytes_of(name, shape, dtype, kind="any"):
    """Levels by the formula: `any` of the type; `extreme`: the least or the largest, of which sums are largest; `largest`."""
    least, largest = LEVELS[dtype]
    hashes = formula.hashes(0, name, math.prod(shape)).astype(np.int64)
    values = {
        "any": least + hashes % (largest - least + 1),
        "extreme": np.where(hashes % 2 == 0, least, largest),
        "largest": np.full(hashes.shape, largest),
    }
    return values[kind].reshape(shape)


def convolve(x, weight, stride, padding, groups):
    """Σ x · weight in int64: x [N, C, H, W], weight [O, C / groups, U, V]."""
    sides = ((0, 0), (0, 0), (padding["top"], padding["bottom"]), (padding["left"], padding["right"]))
    windows = np.lib.stride_tricks.sliding_window_view(np.pad(x, sides), weight.shape[2:], axis=(2, 3))
    windows = windows[:, :, :: stride[0], :: stride[1]]  # [N, C, H', W', U, V]
    parts = zip(np.split(windows, groups, axis=1), np.split(weight, groups, axis=0))
    return np.concatenate([np.einsum("nchwuv,ocuv->nohw", part, filters) for part, filters in parts], axis=1)


def to_level(real, dtype):
    return np.clip(np.rint(real), *LEVELS[dtype]).astype(np.int64)


def kept_levels(real, error, dtype):
    level = to_level(real, dtype)
    ties = np.flatnonzero(to_level(real - error, dtype) != to_level(real + error, dtype))
    return {"shape": list(level.shape), "levels": level.flatten().tolist(), "ties": ties.tolist()}


class Convolution:
    """A case; `zero`: the PyTorch comparison's zero point, for it has bytes without a sign only."""

    def __init__(self, name, geometry, x, result, relu, shortcut=None, kinds=("any", "any"), plain=False):
        self.name, self.x, self.result, self.relu, self.shortcut, self.plain = name, x, result, relu, shortcut, plain
        self.shape, self.filter, self.params = geometry
        groups = self.params["groups"]
        self.levels = bytes_of(f"{name}.x", self.shape, x, kinds[0])
        self.weight = bytes_of(f"{name}.weight", self.filter, "i8", kinds[1])
        self.kinds = kinds
        self.sums = convolve(self.levels, self.weight, self.params["stride"], self.params["padding"], groups)
        assert np.abs(self.sums).max() < 2**24, "float32 holds these sums exactly"
        filters = self.filter[0]
        if plain:  # the sums themselves
            self.bias, self.factors, self.shortcut_factor = np.zeros(filters, np.float32), np.ones(filters), 1.0
            return
        # Scales under which a hundred levels or so are used, and some results are cut off.
        spread = np.sqrt(np.mean(self.sums.astype(np.float64) ** 2))
        self.bias = formula.uniform(0, f"{name}.bias", (filters,), 0.0, spread / 2)
        self.scale_x, self.scale_y = 0.0173, 0.0291
        self.scale_w = np.float32(self.scale_y / self.scale_x / spread) * (40.0 + 5.0 * (np.arange(filters) % 7))
        self.factors = self.scale_x * self.scale_w / self.scale_y
        self.shortcut_factor = 0.73 if shortcut in LEVELS else 1.0

    def shortcut_values(self):
        name, shape = f"{self.name}.shortcut", self.sums.shape
        if self.shortcut == "f32":
            return formula.uniform(0, name, shape, 0.0, 64.0).astype(np.float64)
        return bytes_of(name, shape, self.shortcut).astype(np.float64)

    def make(self):
        factors, bias = self.factors[:, None, None], self.bias.astype(np.float64)[:, None, None]
        real = (self.sums + bias) * factors
        magnitude = np.abs(real) + 2 * np.abs(bias * factors)
        if self.shortcut is not None:
            added = self.shortcut_factor * self.shortcut_values()
            real, magnitude = real + added, magnitude + np.abs(added) + np.abs(real)
        if self.relu:
            real = np.maximum(real, 0)
        else:
            self.compare_with_torch()
        error = 7 * U * magnitude
        if self.plain:
            result = {"shape": list(real.shape), "sums": self.sums.flatten().tolist()}
        elif self.result == "f32":
            indices = formula.sample_indices(self.name, real.size, SAMPLES)
            samples = [rounded(value) for value in real.flatten()[indices]]
            result = {"shape": list(real.shape), "samples": samples, "bounds": [float(f"{e:.3g}") for e in error.flatten()[indices]]}
        else:
            result = kept_levels(real, error, self.result)
        return {
            "x": {"dtype": self.x, "shape": list(self.shape), "kind": self.kinds[0]},
            "weight": {"shape": list(self.filter), "kind": self.kinds[1]},
            "bias": self.bias.astype(np.float64).tolist(),
            "shortcut": self.shortcut,
            "params": {
                **self.params,
                "factors": self.factors.tolist(),
                "relu": self.relu,
                "shortcutFactor": self.shortcut_factor,
                "result": self.result,
            },
            "result": result,
        }

    def compare_with_torch(self):
        """PyTorch's bytes have no sign: i8 is u8 with the zero point 128. It rounds the bias to a whole number, and pads alike."""
        sides = self.params["padding"]
        if self.shortcut is not None or self.plain or self.result == "f32" or len(set(sides.values())) > 1:
            return
        if self.params["groups"] > 1 and self.filter[1] < 2:
            return
        zero = {"u8": 0, "i8": 128}
        x = torch._make_per_tensor_quantized_tensor(
            torch.from_numpy((self.levels + zero[self.x]).astype(np.uint8)), self.scale_x, zero[self.x]
        )
        scales = torch.from_numpy(self.scale_w.astype(np.float64))
        weight = torch._make_per_channel_quantized_tensor(
            torch.from_numpy(self.weight.astype(np.int8)), scales, torch.zeros(len(scales), dtype=torch.long), 0
        )
        bias = np.rint(self.bias.astype(np.float64))
        real = (self.sums + bias[:, None, None]) * self.factors[:, None, None]
        least, largest = (limit - zero[self.result] for limit in LEVELS["u8"])
        expected = np.clip(np.rint(real), least, largest)
        # Further roundings than ours: of the bias's unit and of three scales.
        error = 16 * U * (np.abs(real) + 2 * np.abs(bias * self.factors)[:, None, None])
        may_differ = np.rint(real - error) != np.rint(real + error)
        for library in ("onednn", "qnnpack"):
            torch.backends.quantized.engine = library
            y = torch.nn.quantized.functional.conv2d(
                x, weight, torch.from_numpy((bias * self.scale_x * self.scale_w).astype(np.float32)),
                self.params["stride"], sides["top"], 1, self.params["groups"],
                scale=self.scale_y, zero_point=zero[self.result],
            )
            levels = y.int_repr().numpy().astype(np.int64) - zero[self.result]
            wrong = (levels != expected) & ~(may_differ & (np.abs(levels - expected) == 1))
            assert not wrong.any(), f"{self.name}: {library} has {wrong.sum()} other levels of {wrong.size}"


def geometry(x, weight, stride, top, left=None, bottom=None, right=None, groups=1):
    sides = {"top": top, "left": left, "bottom": bottom, "right": right}
    padding = {side: top if size is None else size for side, size in sides.items()}
    return x, weight, {"stride": list(stride), "padding": padding, "groups": groups}


ONE = geometry((2, 64, 5, 4), (32, 64, 1, 1), (1, 1), 0)
THREE = geometry((2, 16, 6, 5), (16, 16, 3, 3), (1, 1), 1)
ODD = geometry((2, 5, 7, 5), (7, 5, 3, 3), (1, 1), 1)

CONVOLUTIONS = (
    Convolution("sums-1x1", ONE, "u8", "f32", False, plain=True),
    Convolution("sums-3x3-i8", THREE, "i8", "f32", False, plain=True),
    # Two products of 255 * 127 don't fit in the 16 bits in which older processors add them up.
    Convolution("sums-extreme", THREE, "u8", "f32", False, kinds=("largest", "extreme"), plain=True),
    Convolution("sums-extreme-i8", THREE, "i8", "f32", False, kinds=("extreme", "extreme"), plain=True),
    Convolution("1x1-u8-to-i8", ONE, "u8", "i8", False),
    Convolution("1x1-u8-to-u8-relu", ONE, "u8", "u8", True),
    Convolution("3x3-u8-to-u8-cut-off", THREE, "u8", "u8", False),  # without a relu, levels end at 0 all the same
    Convolution("3x3-i8-to-i8", THREE, "i8", "i8", False),
    Convolution("3x3-i8-to-u8-relu", THREE, "i8", "u8", True),
    Convolution("3x3-stride2", geometry((2, 16, 9, 8), (24, 16, 3, 3), (2, 2), 1), "u8", "i8", False),
    Convolution("3x3-5-to-7", ODD, "u8", "i8", False),
    Convolution("3x3-padding-unequal", geometry((2, 3, 6, 9), (5, 3, 3, 3), (2, 2), 0, 0, 1, 1), "i8", "i8", False),
    Convolution("3x3-groups", geometry((2, 16, 6, 5), (16, 8, 3, 3), (1, 1), 1, groups=2), "u8", "i8", False),
    Convolution("7x7-stem", geometry((1, 3, 15, 14), (16, 3, 7, 7), (2, 2), 3), "i8", "u8", True),
    Convolution("3x3-to-f32", THREE, "u8", "f32", False),
    Convolution("1x1-u8-and-u8-to-u8", ONE, "u8", "u8", True, "u8"),
    Convolution("1x1-u8-and-i8-to-u8", ONE, "u8", "u8", True, "i8"),
    Convolution("3x3-u8-and-i8-to-i8", ODD, "u8", "i8", False, "i8"),
    Convolution("3x3-u8-and-f32-to-f32", THREE, "u8", "f32", True, "f32"),
)


def quantize_cases():
    cases = {}
    for name, dtype, scale, width in (
        ("to-i8", "i8", 0.0123, 1.0),
        ("to-u8", "u8", 0.0037, 1.0),
        ("to-i8-by-a-power-of-two", "i8", 2.0**-6, 2.5),
    ):
        x = formula.uniform(0, f"{name}.x", (4, 4, 5, 5), 0.0, width)
        real = x.astype(np.float64) / scale
        error = 0 if math.log2(scale).is_integer() else 3 * U * np.abs(real)
        kept = kept_levels(real, error, dtype)
        twin = torch.quantize_per_tensor(torch.from_numpy(x), scale, 0, {"i8": torch.qint8, "u8": torch.quint8}[dtype])
        differ = np.flatnonzero(twin.int_repr().numpy().flatten() != np.array(kept["levels"]))
        assert set(differ) <= set(kept["ties"]), f"{name}: PyTorch has other levels"
        cases[name] = {"width": width, "params": {"dtype": dtype, "scale": scale}, "result": kept}
    # Halves, which are ties: to the even level.
    halves = np.arange(-40, 40) / 2
    twin = torch.quantize_per_tensor(torch.from_numpy(halves.astype(np.float32)), 1.0, 0, torch.qint8).int_repr()
    assert twin.tolist() == np.rint(halves).tolist()
    return cases


def filters():
    """Filters as bytes by PyTorch's observer: symmetric, one scale for each."""
    weight = formula.uniform(0, "filters", (12, 5, 3, 3), 0.0, 0.3)
    weight *= np.linspace(0.1, 2, 12, dtype=np.float32)[:, None, None, None]
    observer = PerChannelMinMaxObserver(
        ch_axis=0, dtype=torch.qint8, qscheme=torch.per_channel_symmetric, quant_min=-127, quant_max=127
    )
    observer(torch.from_numpy(weight))
    scales, zeros = observer.calculate_qparams()
    assert (zeros == 0).all()
    levels = torch.quantize_per_channel(torch.from_numpy(weight), scales, zeros, 0, torch.qint8).int_repr().numpy()
    real = weight.astype(np.float64) / scales.numpy().astype(np.float64)[:, None, None, None]
    kept = kept_levels(real, 3 * U * np.abs(real), "i8")
    differ = np.flatnonzero(levels.flatten() != np.array(kept["levels"]))
    assert set(differ) <= set(kept["ties"]), "PyTorch has other levels"
    return {"weight": weight.astype(np.float64).flatten().tolist(), "scales": scales.double().tolist(), **kept}


def feedback():
    """Filters rounded one weight after the other, each making up for the errors before it: GPTQ as its paper has it (Frantar et al. 2022,
    algorithm 1, with columns of large variance first), by the upper Cholesky factor of the inverse of the damped covariance.
    """
    filters, length, windows = 6, 24, 400
    drawn = formula.uniform(0, "feedback.windows", (windows, length), 0.0, 1.0).astype(np.float64)
    mixed = np.maximum(drawn @ formula.uniform(0, "feedback.mix", (length, length), 2.0, 1.0).astype(np.float64), 0)
    mixed[:, 5] = 0  # an element that never varies
    covariance = np.cov(mixed.T, bias=True)
    weight = 60 * formula.uniform(0, "feedback.weight", (filters, length), 0.0, 1.0).astype(np.float64)
    damped = covariance + 1e-3 * np.mean(np.diag(covariance)) * np.eye(length)
    order = np.argsort(-np.diag(covariance), kind="stable")
    upper = np.linalg.cholesky(np.linalg.inv(damped[np.ix_(order, order)])).T
    real, levels = weight[:, order].copy(), np.zeros((filters, length))
    for i in range(length):
        assert np.abs(np.abs(real[:, i] - np.floor(real[:, i])) - 0.5).min() > 1e-6, "no weight lies between two levels"
        levels[:, i] = np.rint(real[:, i])
        errors = (real[:, i] - levels[:, i]) / upper[i, i]
        real[:, i:] -= errors[:, None] * upper[i, i:]
    levels = levels[:, np.argsort(order)]

    def error_of(rounded_):
        return float(np.einsum("oi,ij,oj->", rounded_ - weight, covariance, rounded_ - weight))

    assert error_of(levels) < error_of(np.rint(weight)) / 2
    return {
        "covariance": covariance.flatten().tolist(),
        "weight": weight.tolist(),
        "levels": levels.astype(int).tolist(),
        "errors": {"nearest": error_of(np.rint(weight)), "feedback": error_of(levels)},
    }


RANGES = Case("resnet18", batch=4, image=64, learning_rate=0, safe_steps=0, seed=164, margin=0)
CANDIDATES, COARSE = 2000, 8
SLACK = 0.03


def squared_error(values, range_, dtype):
    scale = range_ / LEVELS[dtype][1]
    return float(np.sum((np.clip(np.rint(values / scale), *LEVELS[dtype]) * scale - values) ** 2))


def activations():
    """Of a ResNet-18 in evaluation on the images of step 0, in float64: what our quantised network keeps as bytes."""
    model = torchvision.models.resnet18(num_classes=10).double().eval()
    state = {
        name: torch.from_numpy(formula.state_tensor(RANGES.seed, name, tuple(value.shape))).double()
        for name, value in model.state_dict().items()
        if not name.endswith("num_batches_tracked")
    }
    model.load_state_dict(state, strict=False)
    images = torch.from_numpy(formula.images(RANGES.seed, 0, (RANGES.batch, 3, RANGES.image, RANGES.image))).double()
    found = {"images": ("i8", images.numpy())}

    def keep(name, dtype, y):
        found[name] = (dtype, y.detach().numpy().copy())

    model.relu.register_forward_hook(lambda module, x, y: keep("relu", "u8", y))
    for stage in range(1, 5):
        for index, block in enumerate(getattr(model, f"layer{stage}")):
            block.relu.inplace = False
            calls = iter((f"layer{stage}.{index}.relu1", f"layer{stage}.{index}.relu2"))
            block.relu.register_forward_hook(lambda module, x, y, calls=calls: keep(next(calls), "u8", y))
            if block.downsample is not None:  # what the shortcut's convolution is added to
                block.bn2.register_forward_hook(
                    lambda module, x, y, name=f"layer{stage}.{index}.bn2": keep(name, "i8", y)
                )
    with torch.no_grad():
        model(images)
    del found["layer4.1.relu2"]  # no convolution reads it
    return found


def ranges():
    points = {}
    for name, (dtype, values) in activations().items():
        values = values.flatten()
        largest = np.abs(values).max()
        candidates = np.linspace(largest / 8, largest * (1 + 2**-7), CANDIDATES)
        coarse = np.array([squared_error(values, candidate, dtype) for candidate in candidates[::COARSE]])
        near = COARSE * np.flatnonzero(coarse <= 1.2 * coarse.min())
        fine = candidates[max(0, near[0] - COARSE) : near[-1] + COARSE]
        errors = np.array([squared_error(values, candidate, dtype) for candidate in fine])
        good = fine[errors <= (1 + SLACK) * errors.min()]
        points[name] = {
            "dtype": dtype,
            "largest": rounded(largest),
            "range": rounded(fine[errors.argmin()]),
            "within": [rounded(good.min()), rounded(good.max())],
        }
    return {
        "model": RANGES.name, "seed": RANGES.seed, "batch": RANGES.batch, "image": [3, RANGES.image, RANGES.image],
        "classes": 10, "slack": SLACK, "points": points,
    }


def make():
    return {
        "samples": SAMPLES,
        "convolutions": {case.name: case.make() for case in CONVOLUTIONS},
        "quantize": quantize_cases(),
        "filters": filters(),
        "feedback": feedback(),
        "ranges": ranges(),
    }
