// Images that grow: fast.ai's training of ResNet-50 to 93 % top-5 on ImageNet for DAWNBench (Howard, Shaw and Bulatov 2018, "Now anyone can
// train ImageNet in 18 minutes"), with the phases of their code for one machine (github.com/cybertronai/imagenet18_old, train.py): 128×128
// pixels for 14 epochs, 224×224 up to epoch 32, 288×288 for the last 3 of 35. Rate 1 for updates of 4096 images (8 GPUs, 512 each), a
// tenth at epoch 16, a hundredth at 27, a thousandth at 33; SGD with momentum 0.9, weight decay 1e-4 but not of batch norm, the last
// scale of each block 0 at first, random resized crops, mirror images; tests on 288 of a shorter side of ⌊1.14 · 288⌋ = 328.
//
// Not here: their updates shrink with memory, to 1792 images at 224 and 1024 at 288, and the rate in proportion; here they stay at 4096, with
// the rate. Their rate rises from 1 to 2 in the first 5 epochs and falls to 1; here it rises from 0.5 to 1. At 288 they cut at least half
// of a picture, and test on rectangles. They read pictures that were made smaller before. Not run by us on ImageNet.
import { recipe } from "../src/train/parse-recipe.ts";

export const howard2018 = recipe({
  name: "howard-2018",
  model: "resnet50",
  batch: 64,
  accumulate: 64,
  epochs: 35,
  optimizer: { kind: "sgd", momentum: 0.9, weightDecay: 1e-4, decayBatchNorm: false },
  schedule: {
    kind: "step",
    learningRate: 1,
    milestones: [{ epochs: 16 }, { epochs: 27 }, { epochs: 33 }],
    factor: 0.1,
    warmup: { span: { epochs: 5 }, fromFraction: 0.5 },
  },
  zeroLastGamma: true,
  augmentation: {
    crop: { kind: "random-resized", areaFraction: [0.08, 1], aspect: [3 / 4, 4 / 3], interpolation: "bilinear" },
    flip: true,
  },
  imageSize: {
    train: [
      { fromEpoch: 0, size: 128 },
      { fromEpoch: 14, size: 224 },
      { fromEpoch: 32, size: 288 },
    ],
    test: { size: 288, shorterSide: 328 },
  },
  seed: 1,
});
