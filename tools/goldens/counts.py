"""Parameters and multiply-accumulates of networks, counted on PyTorch's modules: every residual network of torchvision; those of
the paper (v1), which are torchvision's with the strides of each bottleneck exchanged; the paper's networks for CIFAR-10.

A module's multiply-accumulates are its output's elements times the inputs of each: convolutions and dense layers only, of one
image. On the device "meta" nothing is computed but shapes.
"""

import torch
import torchvision
from torch import nn

import models

TORCHVISION = ("resnet18", "resnet34", "resnet50", "resnet101", "resnet152", "resnext50_32x4d", "resnext101_32x8d",
               "resnext101_64x4d", "wide_resnet50_2", "wide_resnet101_2")  # fmt: skip
V1 = ("resnet50", "resnet101", "resnet152")
CIFAR = (20, 32, 44, 56, 110, 1202)


def exchanged(model):
    for block in model.modules():
        if hasattr(block, "conv3"):
            block.conv1.stride, block.conv2.stride = block.conv2.stride, block.conv1.stride
    return model


def count(model, pixels):
    macs = 0

    def after(module, _inputs, output):
        nonlocal macs
        macs += output.numel() * module.weight[0].numel()

    for module in model.modules():
        if isinstance(module, (nn.Conv2d, nn.Linear)):
            module.register_forward_hook(after)
    model.to("meta").eval()(torch.empty(1, 3, pixels, pixels, device="meta"))
    return {"parameters": sum(parameter.numel() for parameter in model.parameters()), "macs": macs}


def make():
    imagenet = {name: getattr(torchvision.models, name)(weights=None) for name in TORCHVISION}
    paper = {f"{name}_v1": exchanged(getattr(torchvision.models, name)(weights=None)) for name in V1}
    cifar = {f"resnet{depth}": models.CifarResNet((depth - 2) // 6) for depth in CIFAR}
    return {
        "torchvision": {name: count(model, 224) for name, model in imagenet.items()},
        "paper": {name: count(model, 224) for name, model in paper.items()},
        "cifar": {name: count(model, 32) for name, model in cifar.items()},
    }
