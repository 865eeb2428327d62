"""What a golden keeps of a tensor, and how a golden is written. test/golden/compare.ts says what the figures are for.

    norm, sum     of all elements
    samples       the elements at formula.sample_indices(name, ...); all of them where there are no more
    f32Error      || f32 - f64 || / || f64 ||, the largest of several float32 runs that differ in rounding only
    f32MaxError   max |f32 - f64| over the elements, likewise
"""

import json

import torch

import formula

DIGITS = 11  # significant digits of a recorded number


def rounded(value):
    return float(f"{float(value):.{DIGITS}g}")


def digest(name, truth, approximations, samples):
    """`truth` float64, `approximations` the float32 results as float64 tensors of the same shape."""
    differences = [other - truth for other in approximations]
    flat = truth.flatten()
    norm = truth.norm().item()
    error = max((difference.norm().item() for difference in differences), default=0.0)
    indices = torch.from_numpy(formula.sample_indices(name, flat.numel(), samples))
    return {
        "shape": list(truth.shape),
        "norm": rounded(norm),
        "sum": rounded(truth.sum()),
        "f32Error": float(f"{error / norm if norm > 0 else error:.3g}"),
        "f32MaxError": float(f"{max((d.abs().max().item() for d in differences), default=0.0):.3g}"),
        "samples": [rounded(value) for value in flat[indices]],
    }


def lines(value, depth):
    """JSON with one line for each entry down to a depth, and one for each digest: short, and readable in a diff."""
    if depth == 0 or not value or not isinstance(value, (dict, list)) or "norm" in value:
        return json.dumps(value, separators=(",", ":"), allow_nan=False)
    if isinstance(value, list):
        return "[\n" + ",\n".join(lines(item, depth - 1) for item in value) + "\n]"
    return "{\n" + ",\n".join(f"{json.dumps(key)}:{lines(item, depth - 1)}" for key, item in value.items()) + "\n}"
