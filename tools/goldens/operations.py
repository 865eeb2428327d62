"""Goldens of single operations, forward and backward, from PyTorch in float64. Names of operations, operands and results
are those of src/graph: a result is called as there, `dx` being the gradient of sum(y * dy) by x.

Every case says where its operands come from, so that the reader needs no list of its own:
    {"kind": "uniform", shape, offset, scale}   formula.uniform(0, "<case>.<operand>", ...)
    {"kind": "integers", shape, offset, below}  offset + hash % below: values with many ties, or labels

Results that are sums of products also say what the classical bound |error| <= K u sum |a| |b| needs (Higham 2002, 3.1):
    reduction  K, the longest sum; absoluteNorm and absoluteMax of the sums of absolute products
"""

import math

import numpy as np
import torch
import torch.nn.functional as F

import formula
from digest import digest, rounded

SAMPLES = 24
EPSILON = 1e-5


def uniform(*shape, offset=0.0, scale=1.0):
    return {"kind": "uniform", "shape": list(shape), "offset": offset, "scale": scale}


def integers(*shape, below, offset=0):
    return {"kind": "integers", "shape": list(shape), "offset": offset, "below": below}


def operand(case, name, source):
    shape = tuple(source["shape"])
    if source["kind"] == "uniform":
        return torch.from_numpy(formula.uniform(0, f"{case}.{name}", shape, source["offset"], source["scale"]))
    values = formula.hashes(0, f"{case}.{name}", math.prod(shape)) % np.uint32(source["below"])
    return torch.from_numpy((values.astype(np.float32) + np.float32(source["offset"])).reshape(shape))


def backward(y, dy, **wanted):
    gradients = torch.autograd.grad(y, list(wanted.values()), dy)
    return dict(zip(wanted, gradients))


def padded(x, padding, value=0.0):
    return F.pad(x, (padding["left"], padding["right"], padding["top"], padding["bottom"]), value=value)


def conv2d(params, x, weight, dy):
    y = F.conv2d(padded(x, params["padding"]), weight, stride=params["stride"], groups=params["groups"])
    return {"y": y, **backward(y, dy, dx=x, dWeight=weight)}


def batch_norm_train(params, x, scale, shift, dy, runningMean, runningVariance):
    y = F.batch_norm(x, runningMean, runningVariance, scale, shift, True, params["momentum"], params["epsilon"])
    variance = x.var((0, 2, 3), unbiased=False)
    running = {"runningMean": runningMean, "runningVariance": runningVariance}  # updated in place
    gradients = backward(y, dy, dx=x, dScale=scale, dShift=shift)
    return {"y": y, "mean": x.mean((0, 2, 3)), "variance": variance, **running, **gradients}


def batch_norm_inference(params, x, scale, shift, mean, variance):
    return {"y": F.batch_norm(x, mean, variance, scale, shift, False, 0.0, params["epsilon"])}


def max_pool(params, x, dy):
    edges = set(params["padding"].values())
    y = F.max_pool2d(x, params["kernel"], params["stride"], edges.pop())
    assert not edges, "torch pads alike on all sides"
    return {"y": y, **backward(y, dy, dx=x)}


def average_pool(params, x, dy):
    """More padding below and to the right than above and left is torch's ceil_mode; that part never counts in the mean."""
    before, after = params["padding"]["top"], params["padding"]["bottom"]
    assert set(params["padding"].values()) <= {before, after} and (after == before or not params["countPadding"])
    y = F.avg_pool2d(x, params["kernel"], params["stride"], before, after > before, params["countPadding"])
    return {"y": y, **backward(y, dy, dx=x)}


def global_average_pool(params, x, dy):
    y = F.adaptive_avg_pool2d(x, 1).flatten(1)
    return {"y": y, **backward(y, dy, dx=x)}


def shortcut_a(params, x, dy):
    y = F.pad(x[:, :, :: params["stride"][0], :: params["stride"][1]], (0, 0, 0, 0, params["before"], params["after"]))
    return {"y": y, **backward(y, dy, dx=x)}


def dense(params, x, weight, bias, dy):
    y = F.linear(x, weight, bias)
    return {"y": y, **backward(y, dy, dx=x, dWeight=weight, dBias=bias)}


def softmax_cross_entropy(params, logits, labels):
    loss = F.cross_entropy(logits, labels.long(), label_smoothing=params["labelSmoothing"])
    probabilities = F.softmax(logits, 1)
    return {"loss": loss, "probabilities": probabilities, **backward(loss, torch.ones_like(loss), dLogits=logits)}


def sgd(params, weight, **gradients):
    weight = weight.detach().clone().requires_grad_()
    optimiser = torch.optim.SGD([weight], lr=params["learningRate"], momentum=params["momentum"],
                                nesterov=params["nesterov"], weight_decay=params["weightDecay"])
    results = {}
    for step in range(3):
        weight.grad = gradients[f"gradient{step}"].detach().clone()
        optimiser.step()
        results[f"weight{step + 1}"] = weight.detach().clone()
    return results


FUNCTIONS = {
    "conv2d": conv2d,
    "batchNormTrain": batch_norm_train,
    "batchNormInference": batch_norm_inference,
    "maxPool": max_pool,
    "averagePool": average_pool,
    "globalAveragePool": global_average_pool,
    "shortcutA": shortcut_a,
    "dense": dense,
    "softmaxCrossEntropy": softmax_cross_entropy,
    "sgd": sgd,
}


def window(stride, top, left=None, bottom=None, right=None):
    sides = {"top": top, "left": left, "bottom": bottom, "right": right}
    return {"stride": list(stride), "padding": {side: top if size is None else size for side, size in sides.items()}}


def positions(size, kernel, params):
    (top, left, bottom, right), stride = (params["padding"][s] for s in ("top", "left", "bottom", "right")), params["stride"]
    return (size[0] + top + bottom - kernel[0]) // stride[0] + 1, (size[1] + left + right - kernel[1]) // stride[1] + 1


def conv_case(x, weight, params, groups=1):
    n, _, *size = x
    out = positions(size, weight[2:], params)
    scale = round(math.sqrt(3 / math.prod(weight[1:])), 3)
    sources = {"x": uniform(*x), "weight": uniform(*weight, scale=scale), "dy": uniform(n, weight[0], *out)}
    return "conv2d", {**params, "groups": groups}, sources


def norm_case(x, offset=0.0, scale=1.0):
    channels = x[1]
    sources = {
        "x": uniform(*x, offset=offset, scale=scale),
        "scale": uniform(channels, offset=1.0, scale=0.5),
        "shift": uniform(channels),
        "dy": uniform(*x),
        "runningMean": uniform(channels),
        "runningVariance": uniform(channels, offset=1.0, scale=0.5),
    }
    return "batchNormTrain", {"epsilon": EPSILON, "momentum": 0.1}, sources


def pool_case(source, kernel, params):
    n, channels, *size = source["shape"]
    dy = uniform(n, channels, *positions(size, kernel, params))
    return "maxPool", {"kernel": list(kernel), **params}, {"x": source, "dy": dy}


def average_case(x, kernel, params, count_padding):
    operation, pool, sources = pool_case(uniform(*x), kernel, params)
    return "averagePool", {**pool, "countPadding": count_padding}, sources


def loss_case(n, classes, smoothing, offset=0.0, scale=4.0):
    sources = {"logits": uniform(n, classes, offset=offset, scale=scale), "labels": integers(n, below=classes)}
    return "softmaxCrossEntropy", {"labelSmoothing": smoothing}, sources


def sgd_case(nesterov, momentum, weight_decay):
    params = {"learningRate": 0.25, "momentum": momentum, "nesterov": nesterov, "weightDecay": weight_decay}
    return "sgd", params, {name: uniform(7, 5) for name in ("weight", "gradient0", "gradient1", "gradient2")}


CASES = {
    "conv1x1": conv_case((2, 8, 5, 7), (12, 8, 1, 1), window((1, 1), 0)),
    "conv1x1-stride2": conv_case((2, 8, 7, 6), (12, 8, 1, 1), window((2, 2), 0)),
    "conv3x3": conv_case((2, 6, 7, 5), (4, 6, 3, 3), window((1, 1), 1)),
    "conv3x3-16to32": conv_case((2, 16, 8, 8), (32, 16, 3, 3), window((1, 1), 1)),
    "conv3x3-stride2": conv_case((2, 16, 9, 8), (32, 16, 3, 3), window((2, 2), 1)),
    "conv3x3-stride2x1": conv_case((3, 4, 8, 9), (5, 4, 3, 3), window((2, 1), 1)),
    "conv3x3-padding-unequal": conv_case((2, 3, 6, 9), (5, 3, 3, 3), window((2, 2), 0, 0, 1, 1)),
    "conv3x3-groups2": conv_case((2, 8, 6, 5), (6, 4, 3, 3), window((1, 1), 1), groups=2),
    "conv3x3-depthwise": conv_case((2, 8, 6, 7), (8, 1, 3, 3), window((2, 2), 1), groups=8),
    "conv7x7-stride2": conv_case((2, 3, 15, 18), (16, 3, 7, 7), window((2, 2), 3)),
    "norm": norm_case((3, 5, 4, 6)),
    "norm-16-channels": norm_case((2, 16, 5, 5)),
    "norm-of-four-elements": norm_case((2, 3, 1, 2)),  # the unbiased variance is 4/3 of the biased one
    "norm-small-variance": norm_case((3, 4, 5, 4), scale=2.0**-8),  # variance 5e-6: epsilon counts, and where it stands
    "norm-large-mean": norm_case((3, 4, 5, 4), offset=16.0),  # a variance as mean of squares - squared mean loses digits
    "norm-inference": (
        "batchNormInference",
        {"epsilon": EPSILON},
        {"x": uniform(2, 5, 4, 3), "scale": uniform(5, offset=1.0, scale=0.5), "shift": uniform(5), "mean": uniform(5),
         "variance": uniform(5, offset=1.0, scale=0.5)},
    ),
    "max3x3-stride2": pool_case(uniform(2, 4, 9, 12), (3, 3), window((2, 2), 1)),
    "max3x3-stride2-even": pool_case(uniform(2, 16, 8, 8), (3, 3), window((2, 2), 1)),
    "max3x3-stride2-ties": pool_case(integers(2, 4, 8, 7, below=3, offset=-3), (3, 3), window((2, 2), 1)),
    "max2x2-stride2": pool_case(uniform(2, 3, 7, 6), (2, 2), window((2, 2), 0)),
    "average2x2-stride2": average_case((2, 16, 7, 6), (2, 2), window((2, 2), 0), False),
    "average2x2-stride2-ceil": average_case((2, 4, 7, 9), (2, 2), window((2, 2), 0, 0, 1, 1), False),
    "average3x3-stride2-counting-padding": average_case((2, 5, 9, 7), (3, 3), window((2, 2), 1), True),
    "average3x3-stride2-padded": average_case((2, 5, 9, 7), (3, 3), window((2, 2), 1), False),
    "average3x3-stride2-padded-ceil": average_case((2, 16, 8, 6), (3, 3), window((2, 2), 1, 1, 2, 2), False),
    "average": ("globalAveragePool", {}, {"x": uniform(3, 5, 4, 7), "dy": uniform(3, 5)}),
    "shortcut-a": (
        "shortcutA",
        {"stride": [2, 2], "before": 0, "after": 4},
        {"x": uniform(2, 4, 7, 6), "dy": uniform(2, 8, 4, 3)},
    ),
    "dense": ("dense", {}, {"x": uniform(4, 24), "weight": uniform(10, 24, scale=0.25), "bias": uniform(10),
                            "dy": uniform(4, 10)}),
    "loss": loss_case(6, 10, 0.0),
    "loss-smoothed": loss_case(6, 10, 0.1),
    "loss-large-logits": loss_case(5, 7, 0.0, offset=200.0, scale=60.0),  # exp overflows unless the maximum is taken off
    "sgd-plain": sgd_case(False, 0.0, 0.0),
    "sgd-momentum": sgd_case(False, 0.9, 0.0),
    "sgd-momentum-decay": sgd_case(False, 0.9, 0.0625),
    "sgd-nesterov-decay": sgd_case(True, 0.9, 0.0625),
}


DIFFERENTIATED = {"x", "weight", "bias", "scale", "shift", "logits"}


def compute(case, dtype):
    operation, params, sources = CASES[case]
    operands = {name: operand(case, name, source).to(dtype) for name, source in sources.items()}
    for name, value in operands.items():
        value.requires_grad_(name in DIFFERENTIATED)
    return {name: value.detach().double() for name, value in FUNCTIONS[operation](params, **operands).items()}


def reductions(case):
    """For sums of products: result -> (K, the same operation on absolute values)."""
    operation, params, sources = CASES[case]
    if operation not in ("conv2d", "dense", "averagePool", "globalAveragePool"):
        return {}
    operands = {name: operand(case, name, source).double().abs().requires_grad_() for name, source in sources.items()}
    absolute = FUNCTIONS[operation](params, **operands)
    if operation == "globalAveragePool":
        pixels = math.prod(sources["x"]["shape"][2:])
        return {"y": (pixels + 1, absolute["y"]), "dx": (1, absolute["dx"])}
    if operation == "averagePool":
        windows = math.prod(-(-size // step) for size, step in zip(params["kernel"], params["stride"]))
        return {"y": (math.prod(params["kernel"]) + 1, absolute["y"]), "dx": (windows + 1, absolute["dx"])}
    weight, dy = sources["weight"]["shape"], sources["dy"]["shape"]
    terms = {"y": math.prod(weight[1:]) + (operation == "dense"), "dWeight": dy[0] * math.prod(dy[2:]), "dBias": dy[0]}
    terms["dx"] = weight[0] // params.get("groups", 1) * math.prod(weight[2:])
    return {name: (terms[name], value) for name, value in absolute.items()}


def make():
    cases = {}
    for case, (operation, params, sources) in CASES.items():
        truth = compute(case, torch.float64)
        approximations = [compute(case, torch.float32)]
        with torch.backends.mkldnn.flags(enabled=False):
            approximations.append(compute(case, torch.float32))
        results = {
            name: digest(f"{case}.{name}", value, [other[name] for other in approximations], SAMPLES)
            for name, value in truth.items()
        }
        for name, (length, absolute) in reductions(case).items():
            results[name]["reduction"] = {
                "length": length,
                "absoluteNorm": rounded(absolute.norm()),
                "absoluteMax": rounded(absolute.abs().max()),
            }
        cases[case] = {"operation": operation, "params": params, "operands": sources, "results": results}
    return {"seed": 0, "samples": SAMPLES, "cases": cases}
