"""Makes fixtures/exchange/*.onnx: small networks as PyTorch's exporter writes them, and the logits that PyTorch gives, in f64.

    /usr/bin/python3 tools/exchange/make_onnx.py

Debian 12's python3-torch 1.13 and python3-torchvision 0.14; the onnx package is not needed. Every value follows from a formula, so a
second run gives the same files. onnx.golden.json is the manifest: versions, SHA-256 of each file, its network's images and logits.
"""
import hashlib
import json
import pathlib

import torch
import torch.nn.functional as F
import torchvision
from torch import nn
from torchvision.models.resnet import BasicBlock, Bottleneck, ResNet

folder = pathlib.Path(__file__).resolve().parents[2] / "fixtures" / "exchange"
torch.set_num_threads(1)


def numbers(*shape):
    """Between -1 and 1, of no pattern that a wrong order would keep."""
    count = int(torch.tensor(shape).prod())
    return ((torch.arange(count, dtype=torch.float64) * 0.6180339887498949) % 1 * 2 - 1).reshape(shape)


class OptionA(nn.Module):
    """Every second pixel, zeros around the channels: the common PyTorch port for CIFAR."""

    def __init__(self, channels):
        super().__init__()
        self.each_side = channels // 4

    def forward(self, x):
        return F.pad(x[:, :, ::2, ::2], (0, 0, 0, 0, self.each_side, self.each_side), "constant", 0)


class CifarBlock(nn.Module):
    def __init__(self, inner, outer, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(inner, outer, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(outer)
        self.conv2 = nn.Conv2d(outer, outer, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(outer)
        self.shortcut = OptionA(outer) if stride > 1 else nn.Identity()

    def forward(self, x):
        y = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
        return F.relu(y + self.shortcut(x))


class Cifar(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 4, 3, 1, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(4)
        self.blocks = nn.Sequential(CifarBlock(4, 4, 1), CifarBlock(4, 8, 2), CifarBlock(8, 16, 2))
        self.linear = nn.Linear(16, 5)

    def forward(self, x):
        y = self.blocks(F.relu(self.bn1(self.conv1(x))))
        return self.linear(F.avg_pool2d(y, 4).view(x.size(0), -1))


def narrow(block):
    """torchvision's ResNet, one block a stage, with 1/32 of the width: files of some 30 kB."""
    net = ResNet(block, [1, 1, 1, 1], num_classes=5)

    def shrink(module):
        for name, child in module.named_children():
            if isinstance(child, nn.Conv2d):
                channels = [child.in_channels // 32 if child.in_channels > 3 else 3, child.out_channels // 32]
                setattr(module, name, nn.Conv2d(*channels, child.kernel_size, child.stride, child.padding, bias=False))
            elif isinstance(child, nn.BatchNorm2d):
                setattr(module, name, nn.BatchNorm2d(child.num_features // 32))
            elif isinstance(child, nn.Linear):
                setattr(module, name, nn.Linear(child.in_features // 32, child.out_features))
            else:
                shrink(child)

    shrink(net)
    return net


def settled(net):
    """Weights by the formula, scaled as He's; variances and scales around 1."""
    for name, t in net.state_dict().items():
        if not t.dtype.is_floating_point:
            continue
        values = numbers(*t.shape)
        if t.dim() > 1:
            t.copy_(values * (6 / t[0].numel()) ** 0.5)
        else:
            around = 1 if "var" in name or (name.endswith("weight")) else 0
            t.copy_(around + values / 2)
    return net.eval()


cases = {
    # Batch norms folded away, as the exporter does where nobody asks otherwise.
    "cifar-option-a": (Cifar(), [3, 16, 16], {}),
    "basic-folded": (narrow(BasicBlock), [3, 32, 32], {}),
    "basic": (narrow(BasicBlock), [3, 32, 32], {"training": torch.onnx.TrainingMode.PRESERVE, "opset_version": 11}),
    "bottleneck": (narrow(Bottleneck), [3, 32, 32], {"training": torch.onnx.TrainingMode.PRESERVE}),
}

manifest = {"command": "/usr/bin/python3 tools/exchange/make_onnx.py",
            "versions": {"torch": torch.__version__, "torchvision": torchvision.__version__}, "files": {}}
for name, (net, shape, options) in cases.items():
    settled(net)
    images = numbers(2, *shape)
    path = folder / f"{name}.onnx"
    torch.onnx.export(net, images[:1].float(), str(path), **{
        "opset_version": 17, "input_names": ["image"], "output_names": ["scores"],
        "dynamic_axes": {"image": {0: "batch"}, "scores": {0: "batch"}}, **options})
    with torch.no_grad():
        logits = net.double()(images)
    manifest["files"][path.name] = {
        "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        "input": shape,
        "logits": [float(f"{value:.11g}") for value in logits.reshape(-1).tolist()],
    }
(folder / "onnx.golden.json").write_text(json.dumps(manifest, indent=1) + "\n")
