"""Prints the names and shapes of every torchvision ResNet's state dict as JSON. Run by test/exchange/library-names.test.ts.

    /usr/bin/python3 tools/exchange/torchvision_names.py resnet18 resnext50_32x4d ...
"""
import json
import sys

import torch
import torchvision

# Values don't matter here, and drawing them takes most of the time.
torch.nn.init.kaiming_normal_ = lambda tensor, *_, **__: tensor
torch.nn.Conv2d.reset_parameters = lambda self: None

print(json.dumps({
    name: [[key, list(value.shape), str(value.dtype)[6:]]
           for key, value in getattr(torchvision.models, name)(num_classes=7).state_dict().items()]
    for name in sys.argv[1:]
}))
