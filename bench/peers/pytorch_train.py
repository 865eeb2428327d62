"""Times PyTorch's training step on synthetic data that stays in memory: the peer of `residual bench train`.

A step is all of it: gradients set to none, forward, cross-entropy, backward, SGD with momentum 0.9 and weight decay 1e-4.

    python3 bench/peers/pytorch_train.py --model resnet20 --batch 128 --layout channels-last --threads 2
"""

import pytorch


def main():
    chosen = pytorch.arguments(__doc__.splitlines()[0])
    import torch
    import torch.nn.functional as F

    model, images, labels = pytorch.prepare(chosen)
    model.train()
    sgd = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9, weight_decay=1e-4)

    def step():
        sgd.zero_grad(set_to_none=True)
        with torch.autocast("cpu", torch.bfloat16, enabled=chosen.dtype == "bf16"):
            loss = F.cross_entropy(model(images), labels)
        loss.backward()
        sgd.step()

    pytorch.report("train", chosen, step)


if __name__ == "__main__":
    main()
