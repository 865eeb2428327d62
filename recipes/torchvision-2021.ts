// torchvision's newer recipe (Vryniotis 2021, "How to train state-of-the-art models using TorchVision's latest primitives", the weights
// IMAGENET1K_V2 of ResNet-50): updates of 1024 images (8 batches of 128), rate 0.5, 5 epochs of linear warm-up from 0.005, cosine to 0
// over 600 epochs, weight decay 2e-5 but not of batch norm, label smoothing 0.1, mixup 0.2 or cutmix 1 at even odds, random erasing
// with probability 0.1, TrivialAugment, and a moving average of the weights after each 32 updates. Its decay 0.99998 is for each image's share of an
// epoch; references/classification/train.py turns it into 1 − (1 − 0.99998) · 1024 · 32 / 600 of an update of the average.
//
// It trains on crops of 176×176 pixels and tests on 224×224, of a shorter side of 232 ("FixRes mitigations", after Touvron et al. 2019).
//
// Not here: repeated augmentation (4 times), of which there is no field: training regularises less than theirs. They mirror before
// TrivialAugment, here it is after, which draws the same images as often. Not run by us on ImageNet.
import { recipe } from "../src/train/parse-recipe.ts";

export const torchvision2021 = recipe({
  name: "torchvision-2021",
  model: "resnet50",
  batch: 128,
  accumulate: 8,
  epochs: 600,
  optimizer: { kind: "sgd", momentum: 0.9, weightDecay: 2e-5, decayBatchNorm: false },
  schedule: { kind: "cosine", learningRate: 0.5, warmup: { span: { epochs: 5 }, fromFraction: 0.01 } },
  labelSmoothing: 0.1,
  mixing: { mixup: 0.2, cutmix: 1, switchProbability: 0.5 },
  ema: { decay: 1 - (1 - 0.99998) * ((1024 * 32) / 600), warmup: { epochs: 5 }, everySteps: 32 },
  augmentation: {
    crop: { kind: "random-resized", areaFraction: [0.08, 1], aspect: [3 / 4, 4 / 3], interpolation: "bilinear" },
    policy: { kind: "trivial-augment", interpolation: "bilinear", fill: "black" },
    flip: true,
    erase: {
      probability: 0.1,
      areaFraction: [0.02, 0.33],
      aspect: [0.3, 3.3],
      aspectDraw: "logarithmic",
      fill: "mean",
    },
  },
  imageSize: { train: [{ fromEpoch: 0, size: 176 }], test: { size: 224, shorterSide: 232 } },
  seed: 1,
});
