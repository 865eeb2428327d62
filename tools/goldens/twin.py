"""A PyTorch twin of any spec (src/spec/spec.ts), for the networks that torchvision has not: pre-activation in both
conventions, ResNeXt for CIFAR, the ablations of "Identity Mappings", shortcuts that average, padding, perceptrons.

It reads the same JSON as our networks and shares no code or intermediate form with them. step_networks.py holds it against
torchvision's own networks, whose parameter names it has. Dropout takes its masks from philox.py, as ours does.
"""

import torch
import torch.nn.functional as F
from torch import nn

import philox


class Window:
    """F.pad's amounts for a kernel and a stride: [left, right, top, bottom]."""

    def __init__(self, padding, kernel, stride):
        self.padding, self.kernel, self.stride = padding, kernel, stride

    def amounts(self, x):
        if isinstance(self.padding, dict):
            return [self.padding[side] for side in ("left", "right", "top", "bottom")]
        if isinstance(self.padding, int):
            return [self.padding] * 4
        amounts = []
        for size in (x.shape[3], x.shape[2]):
            total = self.kernel - 1
            if self.padding == "same":  # TensorFlow's
                total = max((-(-size // self.stride) - 1) * self.stride + self.kernel - size, 0)
            amounts += [total // 2, total - total // 2]
        return amounts


class Conv(nn.Conv2d):
    def __init__(self, inputs, outputs, kernel, stride=1, groups=1, bias=False, padding="fixed"):
        super().__init__(inputs, outputs, kernel, stride, groups=groups, bias=bias)
        self.sliding = Window(padding, kernel, stride)

    def forward(self, x):
        return super().forward(F.pad(x, self.sliding.amounts(x)))


class MaxPool(nn.MaxPool2d):
    def __init__(self, kernel, stride, padding):
        super().__init__(kernel, stride)
        self.sliding = Window(padding, kernel, stride)

    def forward(self, x):
        return super().forward(F.pad(x, self.sliding.amounts(x), value=float("-inf")))


class BatchNorm(nn.BatchNorm2d):
    """`biased`: the variance of a batch enters the running variance as it normalises the batch, divided by M."""

    biased = False

    def forward(self, x):
        before = self.running_var.clone()
        y = super().forward(x)
        if self.training and self.biased:
            with torch.no_grad():
                batch = (x.detach() - x.detach().mean((0, 2, 3), keepdim=True)).square().mean((0, 2, 3))
                self.running_var = (1 - self.momentum) * before + self.momentum * batch  # the old one is kept for autograd
        return y


class Dropout(nn.Module):
    """`stream` counts the dropping layers of a network in the order of execution."""

    def __init__(self, rate, state):
        super().__init__()
        self.rate, self.state = rate, state

    def forward(self, x):
        if not self.training:
            return x
        keep = philox.keep(self.state["seed"], self.state["stream"], 0, x.numel(), self.rate)
        self.state["stream"] += 1
        return x * torch.from_numpy(keep).reshape(x.shape).to(x.dtype) / (1 - self.rate)


class ZeroPad(nn.Module):
    def __init__(self, stride, before, after):
        super().__init__()
        self.stride, self.channels = stride, (before, after)

    def forward(self, x):
        return F.pad(x[:, :, :: self.stride, :: self.stride], (0, 0, 0, 0, *self.channels))


class Block(nn.Module):
    def __init__(self, spec, stage, inputs, stride, activated, drops):
        super().__init__()
        self.order, self.activated, self.modulation = spec["activation"], activated, spec["modulation"]
        self.dense, self.whole = spec["block"] == "dense", spec["shortcutDownsampling"] == "average-whole"
        self.relu = nn.ReLU()
        width, self.outputs = stage["width"], stage["width"] * spec["expansion"]
        bias, explicit = spec["convolutionBias"], not isinstance(spec["padding"], str)

        def conv(from_, to, kernel, step=1, groups=1):
            strided = kernel > 1 and step > 1
            return Conv(from_, to, kernel, step, groups, bias, "fixed" if explicit and not strided else spec["padding"])

        if self.dense:
            layers = [nn.Linear(inputs, width), nn.Linear(width, self.outputs)]
        elif spec["block"] == "basic":
            layers = [conv(inputs, width, 3, stride), conv(width, self.outputs, 3)]
        else:
            inner = width * spec["widthPerGroup"] // 64 * spec["groups"]
            strides = (stride, 1) if spec["strideAt"] == "first" else (1, stride)
            layers = [
                conv(inputs, inner, 1, strides[0]),
                conv(inner, inner, 3, strides[1], spec["groups"]),
                conv(inner, self.outputs, 1),
            ]
        self.count = len(layers)
        for i, layer in enumerate(layers, 1):
            setattr(self, f"{'fc' if self.dense else 'conv'}{i}", layer)
            if not self.dense and not (i == 1 and activated and self.order == "pre"):
                setattr(self, f"bn{i}", BatchNorm(layer.in_channels if self.order == "pre" else layer.out_channels))
        self.fits = inputs == self.outputs and stride == 1
        self.plain = spec["shortcut"] == "none"
        self.downsample = None if self.plain else self.make_shortcut(spec, inputs, stride, bias)
        if self.modulation and self.modulation["kind"].endswith("gate"):
            self.gate = Conv(inputs, self.outputs, 1, stride, bias=True)
        if self.modulation and self.modulation["kind"] == "dropout":
            self.drop_shortcut = Dropout(self.modulation["fraction"], drops)
        self.drop_branch = Dropout(spec["blockDropout"], drops) if spec["blockDropout"] > 0 else None

    def make_shortcut(self, spec, inputs, stride, bias):
        option, average = spec["shortcut"], spec["shortcutDownsampling"] != "stride"
        # Parts of windows count in timm's ResNet-D; without padding the branch is the smaller one, and there are none.
        parts = spec["shortcutDownsampling"] == "average" and spec["padding"] != 0
        pooling = nn.AvgPool2d(stride, stride, ceil_mode=parts, count_include_pad=False)
        if option != "C" and self.fits:
            return None
        if option == "A":
            new = self.outputs - inputs
            before = new // 2 if spec["zeroPadding"] == "around" else 0
            pad = ZeroPad(1 if average else stride, before, new - before)
            return nn.Sequential(pooling, pad) if average and stride > 1 else pad
        if self.dense:
            return nn.Linear(inputs, self.outputs)
        pool = [pooling if stride > 1 else nn.Identity()] if average else []
        layers = [*pool, Conv(inputs, self.outputs, 1, 1 if average else stride, bias=bias)]
        # Where the branch ends with a batch norm, the projection does so as well.
        if self.order not in ("pre", "batch-norm-after-addition"):
            layers.append(BatchNorm(self.outputs))
        return nn.Sequential(*layers)

    def norm(self, i, x):
        return x if self.dense else getattr(self, f"bn{i}")(x)

    def layer(self, i, x):
        if i == self.count and self.drop_branch is not None:
            x = self.drop_branch(x)
        return getattr(self, f"{'fc' if self.dense else 'conv'}{i}")(x)

    def branch(self, x):
        """`x` is what the first layer takes."""
        for i in range(1, self.count + 1):
            last = i == self.count
            if self.order == "pre":
                x = self.layer(i, x if i == 1 else self.relu(self.norm(i, x)))
            elif self.order == "relu-only-pre":
                x = self.norm(i, self.layer(i, x if i == 1 else self.relu(x)))
            else:
                x = self.layer(i, x)
                if not (last and self.order == "batch-norm-after-addition"):
                    x = self.norm(i, x)
                if not last or self.order == "relu-before-addition":
                    x = self.relu(x)
        return x

    def forward(self, x):
        first = x
        if not self.activated and self.order == "pre":
            first = self.relu(self.norm(1, x))
        if not self.activated and self.order == "relu-only-pre":
            first = self.relu(x)
        y = self.branch(first)
        if not self.plain:
            source = x if self.downsample is None else first
            way = source if self.downsample is None else self.downsample(source)
            if self.whole:  # dlib's add_prev: pixels that one of the two lacks count as zeros
                height, width = max(way.shape[2], y.shape[2]), max(way.shape[3], y.shape[3])
                way, y = (F.pad(z, (0, width - z.shape[3], 0, height - z.shape[2])) for z in (way, y))
            y = self.join(source, way, y)
        if self.order == "batch-norm-after-addition":
            y = self.norm(self.count, y)
        return self.relu(y) if self.order in ("post", "batch-norm-after-addition") else y

    def join(self, source, way, y):
        kind = self.modulation["kind"] if self.modulation else None
        if kind == "scaling":
            return self.modulation["shortcut"] * way + self.modulation["branch"] * y
        if kind == "dropout":
            return self.drop_shortcut(way) + y
        if kind is None:
            return way + y
        g = torch.sigmoid(self.gate(source))
        return (1 - g) * way + (g * y if kind == "exclusive-gate" else y)


class Twin(nn.Module):
    def __init__(self, spec, seed=0):
        super().__init__()
        self.spec, stem = spec, spec["stem"]
        self.drops = {"seed": seed, "stream": 0}
        self.relu = nn.ReLU()
        pre = spec["activation"] in ("pre", "relu-only-pre")
        if stem is None:
            self.activated, channels = False, spec["input"][0] * spec["input"][1] * spec["input"][2]
        else:
            self.activated, channels = stem["activated"], stem["width"]
            modules, inputs, stride = [], spec["input"][0], stem["stride"]
            for width in (*stem["before"], channels):
                modules += [Conv(inputs, width, stem["kernel"], stride, 1, spec["convolutionBias"], stem["padding"])]
                modules += [BatchNorm(width), nn.ReLU()]
                inputs, stride = width, 1
            self.conv1 = nn.Sequential(*modules[:-2]) if stem["before"] else modules[0]
            if self.activated:
                self.bn1 = BatchNorm(channels)
            pool = stem["pool"]
            self.pool = MaxPool(pool["kernel"], pool["stride"], pool["padding"]) if pool else nn.Identity()
        self.stages = []
        for s, stage in enumerate(spec["stages"], 1):
            blocks = []
            for b in range(stage["blocks"]):
                activated = pre and self.activated and s == 1 and b == 0
                block = Block(spec, stage, channels, stage["stride"] if b == 0 else 1, activated, self.drops)
                blocks.append(block)
                channels = block.outputs
            setattr(self, f"layer{s}", nn.Sequential(*blocks))
            self.stages.append(f"layer{s}")
        if spec["activation"] == "pre" and stem is not None:
            self.bn = BatchNorm(channels)
        self.fc = nn.Linear(channels, spec["classes"], bias=spec["head"]["bias"])
        for module in self.modules():
            if isinstance(module, BatchNorm):
                module.eps, module.momentum = spec["batchNorm"]["epsilon"], spec["batchNorm"]["momentum"]
                module.biased = spec["batchNorm"].get("runningVariance") == "biased"

    def forward(self, x):
        self.drops["stream"] = 0
        if self.spec["stem"] is None:
            x = torch.flatten(x, 1)
        else:
            x = self.conv1(x)
            x = self.pool(self.relu(self.bn1(x)) if self.activated else x)
        for stage in self.stages:
            x = getattr(self, stage)(x)
        if self.spec["activation"] == "pre":
            x = self.relu(self.bn(x) if self.spec["stem"] is not None else x)
        if self.spec["activation"] == "relu-only-pre":
            x = self.relu(x)
        return self.fc(x if x.dim() == 2 else torch.flatten(F.adaptive_avg_pool2d(x, 1), 1))
