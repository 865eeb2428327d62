"""Times PyTorch's forward pass in evaluation mode: the peer of `residual bench infer`.

    python3 bench/peers/pytorch_infer.py --model resnet50 --batch 16 --layout channels-last --threads 2

--freeze traces the model and folds batch norm first (torch.jit.freeze and optimize_for_inference), PyTorch's own best.
"""

import pytorch


def main():
    chosen = pytorch.arguments(__doc__.splitlines()[0], ("--freeze", "trace the model and fold batch norm"))
    import torch

    model, images, _ = pytorch.prepare(chosen)
    model.eval()
    autocast = torch.autocast("cpu", torch.bfloat16, enabled=chosen.dtype == "bf16", cache_enabled=not chosen.freeze)
    with torch.inference_mode(), autocast:
        if chosen.freeze:
            model = torch.jit.optimize_for_inference(torch.jit.freeze(torch.jit.trace(model, images)))
        pytorch.report("infer", chosen, lambda: model(images))


if __name__ == "__main__":
    main()
