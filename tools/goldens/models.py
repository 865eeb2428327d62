"""The PyTorch twins of our networks, under torchvision's parameter names. bench/peers uses them as well.

resnet20 and its like: He et al. (2015), section 4.2, with shortcut A: where shapes differ, every second pixel is taken
and the new channels are zeros placed *after* the old ones: [x, 0]. plain20 is the same without shortcuts.
resnet18 and so on are torchvision's own (the stride of a bottleneck sits in its 3x3 convolution: "v1.5").
"""

import torch
import torch.nn.functional as F
import torchvision
from torch import nn


class CifarBlock(nn.Module):
    def __init__(self, in_channels, channels, stride, shortcut):
        super().__init__()
        self.conv1 = nn.Conv2d(in_channels, channels, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(channels)
        self.relu = nn.ReLU(inplace=True)
        self.conv2 = nn.Conv2d(channels, channels, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(channels)
        self.stride, self.new_channels, self.shortcut = stride, channels - in_channels, shortcut

    def forward(self, x):
        y = self.relu(self.bn1(self.conv1(x)))
        y = self.bn2(self.conv2(y))
        if self.shortcut:
            if self.stride != 1 or self.new_channels:
                x = F.pad(x[:, :, :: self.stride, :: self.stride], (0, 0, 0, 0, 0, self.new_channels))
            y = y + x
        return self.relu(y)


class CifarResNet(nn.Module):
    """`blocks` residual blocks in each of three stages of 16, 32 and 64 channels: depth 6 * blocks + 2."""

    def __init__(self, blocks, shortcut=True, num_classes=10, in_channels=3):
        super().__init__()
        self.conv1 = nn.Conv2d(in_channels, 16, 3, 1, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(16)
        self.relu = nn.ReLU(inplace=True)
        self.layer1 = self._stage(16, 16, 1, blocks, shortcut)
        self.layer2 = self._stage(16, 32, 2, blocks, shortcut)
        self.layer3 = self._stage(32, 64, 2, blocks, shortcut)
        self.fc = nn.Linear(64, num_classes)

    @staticmethod
    def _stage(in_channels, channels, stride, blocks, shortcut):
        first = CifarBlock(in_channels, channels, stride, shortcut)
        return nn.Sequential(first, *(CifarBlock(channels, channels, 1, shortcut) for _ in range(blocks - 1)))

    def forward(self, x):
        x = self.relu(self.bn1(self.conv1(x)))
        x = self.layer3(self.layer2(self.layer1(x)))
        return self.fc(torch.flatten(F.adaptive_avg_pool2d(x, 1), 1))


CIFAR_DEPTHS = (20, 32, 44, 56, 110)


def is_cifar(name):
    return name in {f"{kind}{depth}" for kind in ("resnet", "plain") for depth in CIFAR_DEPTHS}


def build(name, num_classes=10):
    """The network of a name, with PyTorch's default initial values."""
    if is_cifar(name):
        kind, depth = ("plain", name[5:]) if name.startswith("plain") else ("resnet", name[6:])
        return CifarResNet((int(depth) - 2) // 6, kind == "resnet", num_classes)
    return getattr(torchvision.models, name)(weights=None, num_classes=num_classes)
