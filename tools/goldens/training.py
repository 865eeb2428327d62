"""Runs a golden's network in PyTorch: one step looked at closely, then ten steps of SGD, in float64 or float32.

The float64 run is the truth. Float32 runs are made in several ways that differ only in rounding (`ROUNDINGS`): what
they miss the truth by says how well each tensor can be known in float32 at all, and tolerances are derived from that.
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F

import formula
import models

# Ways to compute the same in float32: with oneDNN, without it, with oneDNN channels last.
ROUNDINGS = ("oneDNN", "native", "channels-last")

MOMENTUM = 0.9
WEIGHT_DECAY = 1e-4  # on every parameter, batch norm and biases included
CLASSES = 10
STEPS = 10


@dataclass(frozen=True)
class Case:
    name: str
    batch: int
    image: int
    learning_rate: float  # a power of two, so that float32 holds it exactly
    safe_steps: int  # so many first steps have no close call at a ReLU or a maximum
    seed: int  # chosen for that by choose_seeds.py
    margin: float  # which measured it, in units of float32's error


def initial_state(case):
    """Name -> float32 array for every parameter and running statistic, in the model's order."""
    model = models.build(case.name, CLASSES)
    names = [name for name in model.state_dict() if not name.endswith("num_batches_tracked")]
    return {name: formula.state_tensor(case.seed, name, model.state_dict()[name].shape) for name in names}


def make_model(case, dtype):
    model = models.build(case.name, CLASSES)
    tensors = {name: torch.from_numpy(array) for name, array in initial_state(case).items()}
    missing, unexpected = model.load_state_dict(tensors, strict=False)
    assert not unexpected and all(name.endswith("num_batches_tracked") for name in missing)
    return model.to(dtype)


def make_batch(case, step, dtype):
    images = formula.images(case.seed, step, (case.batch, 3, case.image, case.image))
    labels = formula.labels(case.seed, f"labels.{step}", case.batch, CLASSES)
    return torch.from_numpy(images).to(dtype), torch.from_numpy(labels)


class Training:
    """A network in training mode, its optimiser, and batches that the formula makes: batch s for step s."""

    def __init__(self, case, dtype, rounding="oneDNN", weight_decay=WEIGHT_DECAY, momentum=MOMENTUM):
        self.case, self.dtype = case, dtype
        self.layout = torch.channels_last if rounding == "channels-last" else torch.contiguous_format
        self.model = make_model(case, dtype).to(memory_format=self.layout).train()
        self.sgd = torch.optim.SGD(
            self.model.parameters(), lr=case.learning_rate, momentum=momentum, weight_decay=weight_decay
        )

    def batch(self, step):
        images, labels = make_batch(self.case, step, self.dtype)
        return images.contiguous(memory_format=self.layout), labels

    def forward(self, step):
        images, labels = self.batch(step)
        self.logits = self.model(images)
        self.loss = F.cross_entropy(self.logits, labels)

    def backward(self):
        self.sgd.zero_grad(set_to_none=True)
        self.loss.backward()


def keep(tensor):
    return tensor.detach().to(torch.float64, copy=True)


def run(case, dtype, rounding="oneDNN", **changed):
    """Everything a golden records, as float64 tensors by name; see networks.py for what they are."""
    with torch.backends.mkldnn.flags(enabled=rounding != "native"):
        training = Training(case, dtype, rounding, **changed)
        model = training.model
        start = {name: keep(parameter) for name, parameter in model.named_parameters()}
        result = {}

        model.eval()
        with torch.no_grad():
            result["evaluationLogits"] = keep(model(training.batch(0)[0]))
        model.train()

        for step in range(STEPS):
            training.forward(step)
            training.backward()
            result[f"path.{step}.loss"] = keep(training.loss)
            result[f"path.{step}.logits"] = keep(training.logits)
            if step == 0:
                for name, parameter in model.named_parameters():
                    result[f"gradient.{name}"] = keep(parameter.grad)
                for name, buffer in model.named_buffers():
                    if not name.endswith("num_batches_tracked"):
                        result[f"running.{name}"] = keep(buffer)
            training.sgd.step()
        for name, parameter in model.named_parameters():
            result[f"change.{name}"] = keep(parameter) - start[name]
        return result
