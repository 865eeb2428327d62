"""Losses with targets that are distributions or independent classes, and their gradients by the logits, in float64 by PyTorch.

Targets are mixed as mixup and cutmix mix them: share * onehot(label) + (1 - share) * onehot(partner), then smoothed.
"""

import torch
import torch.nn.functional as F

import formula

SEED = 12
CASES = {
    "soft cross-entropy": ("softCrossEntropy", 4, 7, 0.0, None),
    "soft cross-entropy, label smoothing": ("softCrossEntropy", 3, 10, 0.1, None),
    "binary cross-entropy": ("binaryCrossEntropy", 4, 7, 0.0, None),
    "binary cross-entropy, summed, label smoothing": ("binaryCrossEntropySum", 3, 10, 0.1, None),
    "binary cross-entropy, targets above 0.2": ("binaryCrossEntropy", 4, 7, 0.0, 0.2),
}


def golden(name, kind, n, classes, smoothing, threshold):
    logits = torch.from_numpy(formula.uniform(SEED, f"{name}.logits", (n, classes), 0.0, 4.0)).double().requires_grad_()
    labels = torch.from_numpy(formula.labels(SEED, f"{name}.labels", n, classes))
    partners = torch.from_numpy(formula.labels(SEED, f"{name}.partners", n, classes))
    share = torch.from_numpy(formula.uniform(SEED, f"{name}.share", (n,), 0.5, 0.5)).double()[:, None]
    targets = share * F.one_hot(labels, classes) + (1 - share) * F.one_hot(partners, classes)
    targets = (1 - smoothing) * targets + smoothing / classes
    if threshold is not None:
        targets = targets.gt(threshold).double()
    if kind == "softCrossEntropy":
        loss = F.cross_entropy(logits, targets)
    else:
        loss = F.binary_cross_entropy_with_logits(logits, targets)
        if kind == "binaryCrossEntropySum":
            loss = loss * classes
    loss.backward()
    return {
        "kind": kind,
        "size": [n, classes],
        "labelSmoothing": smoothing,
        "threshold": threshold,
        "targets": targets.flatten().tolist(),
        "loss": loss.item(),
        "dLogits": logits.grad.flatten().tolist(),
    }


def make():
    return {"seed": SEED, "cases": {name: golden(name, *case) for name, case in CASES.items()}}
