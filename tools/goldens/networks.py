"""Goldens of whole networks: one training step in full, ten steps of SGD, and evaluation. One file for each case.

    evaluationLogits   with the running statistics that the formula gives
    path[s]            loss and logits of step s, in training mode, each step on a fresh batch made by the formula (batch s)
    gradients          of step 0, every parameter
    running            after step 0; PyTorch keeps the unbiased variance: running <- 0.9 running + 0.1 batch * M / (M - 1)
    changes            of every parameter from before step 0 to after step 9
"""

import torch

from digest import digest, rounded
from training import CLASSES, MOMENTUM, ROUNDINGS, STEPS, WEIGHT_DECAY, Case, run

# Learning rates are small: with larger ones ten steps on random labels are chaotic, and float32 can't follow float64.
# The seeds are choose_seeds.py's, with the margin that it measured.
CASES = (
    Case("resnet20", batch=4, image=16, learning_rate=2**-7, safe_steps=10, seed=571, margin=4.18),
    Case("plain20", batch=4, image=16, learning_rate=2**-11, safe_steps=1, seed=90, margin=20.46),
    Case("resnet18", batch=4, image=64, learning_rate=2**-11, safe_steps=1, seed=164, margin=6.91),
    Case("resnet50", batch=2, image=64, learning_rate=2**-11, safe_steps=1, seed=3, margin=2.63),
)

# Kept elements: all of the logits, fewer where there are many tensors.
SAMPLES = {"logits": 64, "gradient": 16, "running": 8, "change": 4}


def make(case):
    truth = run(case, torch.float64)
    roundings = [run(case, torch.float32, rounding) for rounding in ROUNDINGS]

    def kept(key, samples):
        return digest(key, truth[key], [other[key] for other in roundings], samples)

    def group(prefix):
        keys = [key for key in truth if key.startswith(f"{prefix}.")]
        return {key[len(prefix) + 1 :]: kept(key, SAMPLES[prefix]) for key in keys}

    path = [
        {"loss": rounded(truth[f"path.{step}.loss"]), "logits": kept(f"path.{step}.logits", SAMPLES["logits"])}
        for step in range(STEPS)
    ]
    return {
        "case": {
            "model": case.name,
            "seed": case.seed,
            "safeSteps": case.safe_steps,
            "margin": case.margin,
            "batch": case.batch,
            "image": [3, case.image, case.image],
            "classes": CLASSES,
            "learningRate": case.learning_rate,
            "momentum": MOMENTUM,
            "weightDecay": WEIGHT_DECAY,
        },
        "samples": SAMPLES,
        "evaluationLogits": kept("evaluationLogits", SAMPLES["logits"]),
        "path": path,
        "gradients": group("gradient"),
        "running": group("running"),
        "changes": group("change"),
    }
