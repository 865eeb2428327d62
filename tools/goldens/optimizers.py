"""Paths of the optimisers, of clipping, averaging and accumulation: from given weights and gradients, the weights after each step.

SGD, AdamW, clipping and the moving average are PyTorch's own, in float64. PyTorch has no LARS and no LAMB: those are numpy after the
papers, LARS (You et al. 2017, algorithm 1, the learning rate outside the velocity) and LAMB (You et al. 2020, algorithm 2, phi = id).
The weights are a filter that adapts and decays, and a bias that doesn't; a zero filter has the trust ratio 1.
"""

import numpy as np
import torch

import formula

SEED = 11
STEPS = 6
SHAPES = {"filter": (2, 3, 2, 2), "zero": (1, 3, 1, 1), "bias": (5,)}
DECAYS = {"filter": 0.05, "zero": 0.05, "bias": 0.0}
RATES = [0.1, 0.1, 0.05, 0.05, 0.2, 0.2]
CLIP_NORM, CLIP_VALUE, AVERAGE = 1.5, 0.4, 0.8


def start():
    zeros = np.zeros(SHAPES["zero"])
    return {
        name: zeros if name == "zero" else formula.uniform(SEED, name, shape).astype(np.float64)
        for name, shape in SHAPES.items()
    }


def gradients(step):
    return {
        name: formula.uniform(SEED, f"{name}.gradient.{step}", shape).astype(np.float64)
        for name, shape in SHAPES.items()
    }


def torch_path(make, clip=None, average=None):
    parameters = {name: torch.nn.Parameter(torch.from_numpy(value.copy())) for name, value in start().items()}
    groups = [{"params": [p], "weight_decay": DECAYS[name]} for name, p in parameters.items()]
    optimizer = make(groups)
    module = torch.nn.ParameterDict(parameters)
    averaged = torch.optim.swa_utils.AveragedModel(module, avg_fn=lambda a, p, n: average * a + (1 - average) * p)
    averaged.n_averaged.fill_(1)  # begin at the weights, not at a copy of the first update
    path = []
    for step, rate in enumerate(RATES):
        for group in optimizer.param_groups:
            group["lr"] = rate
        for name, gradient in gradients(step).items():
            parameters[name].grad = torch.from_numpy(gradient.copy())
        if clip is not None:
            clip(list(parameters.values()))
        optimizer.step()
        if average is not None:
            averaged.update_parameters(module)
        source = averaged.module if average is not None else module
        path.append({name: source[name].detach().numpy().flatten().tolist() for name in parameters})
    return path


def norm(x):
    return float(np.sqrt((x * x).sum()))


def lars_path(momentum, nesterov, coefficient, epsilon):
    weights = start()
    velocities = {name: np.zeros(shape) for name, shape in SHAPES.items()}
    path = []
    for step, rate in enumerate(RATES):
        for name, g in gradients(step).items():
            w, decay = weights[name], DECAYS[name]
            ratio = 1.0
            if name != "bias" and norm(w) > 0 and norm(g) > 0:
                ratio = coefficient * norm(w) / (norm(g) + decay * norm(w) + epsilon)
            d = ratio * (g + decay * w)
            velocities[name] = v = momentum * velocities[name] + d
            weights[name] = w - rate * (d + momentum * v if nesterov else v)
        path.append({name: w.flatten().tolist() for name, w in weights.items()})
    return path


def lamb_path(beta1, beta2, epsilon):
    weights = start()
    means = {name: np.zeros(shape) for name, shape in SHAPES.items()}
    squares = {name: np.zeros(shape) for name, shape in SHAPES.items()}
    path = []
    for step, rate in enumerate(RATES):
        for name, g in gradients(step).items():
            w = weights[name]
            means[name] = beta1 * means[name] + (1 - beta1) * g
            squares[name] = beta2 * squares[name] + (1 - beta2) * g * g
            mean = means[name] / (1 - beta1 ** (step + 1))
            square = squares[name] / (1 - beta2 ** (step + 1))
            d = mean / (np.sqrt(square) + epsilon) + DECAYS[name] * w
            ratio = norm(w) / norm(d) if name != "bias" and norm(w) > 0 and norm(d) > 0 else 1.0
            weights[name] = w - rate * ratio * d
        path.append({name: w.flatten().tolist() for name, w in weights.items()})
    return path


def make():
    sgd = lambda **options: lambda groups: torch.optim.SGD(groups, lr=1, momentum=0.9, **options)  # noqa: E731
    adamw = lambda groups: torch.optim.AdamW(groups, lr=1, betas=(0.9, 0.99), eps=1e-8)  # noqa: E731
    by_norm = lambda parameters: torch.nn.utils.clip_grad_norm_(parameters, CLIP_NORM)  # noqa: E731
    by_value = lambda parameters: torch.nn.utils.clip_grad_value_(parameters, CLIP_VALUE)  # noqa: E731
    momentum = {"kind": "sgd", "momentum": 0.9, "nesterov": False}
    paths = {
        "sgd": (momentum, {}, torch_path(sgd())),
        "sgd, Nesterov": ({**momentum, "nesterov": True}, {}, torch_path(sgd(nesterov=True))),
        "sgd, clipped by norm": (momentum, {"clipping": {"by": "norm", "largest": CLIP_NORM}}, torch_path(sgd(), by_norm)),
        "sgd, clipped by value": (momentum, {"clipping": {"by": "value", "largest": CLIP_VALUE}}, torch_path(sgd(), by_value)),
        "sgd, averaged": (momentum, {"average": AVERAGE}, torch_path(sgd(), None, AVERAGE)),
        "adamw": ({"kind": "adamw", "beta1": 0.9, "beta2": 0.99, "epsilon": 1e-8}, {}, torch_path(adamw)),
        "adamw, clipped by norm": (
            {"kind": "adamw", "beta1": 0.9, "beta2": 0.99, "epsilon": 1e-8},
            {"clipping": {"by": "norm", "largest": CLIP_NORM}},
            torch_path(adamw, by_norm),
        ),
        "lars": (
            {"kind": "lars", "momentum": 0.9, "nesterov": False, "trustCoefficient": 0.02, "epsilon": 1e-8},
            {},
            lars_path(0.9, False, 0.02, 1e-8),
        ),
        "lars, Nesterov": (
            {"kind": "lars", "momentum": 0.9, "nesterov": True, "trustCoefficient": 0.02, "epsilon": 1e-8},
            {},
            lars_path(0.9, True, 0.02, 1e-8),
        ),
        "lamb": ({"kind": "lamb", "beta1": 0.9, "beta2": 0.99, "epsilon": 1e-6}, {}, lamb_path(0.9, 0.99, 1e-6)),
    }
    return {
        "seed": SEED,
        "shapes": {name: list(shape) for name, shape in SHAPES.items()},
        "decays": DECAYS,
        "rates": RATES,
        "paths": {name: {"optimizer": o, **options, "weights": path} for name, (o, options, path) in paths.items()},
    }
