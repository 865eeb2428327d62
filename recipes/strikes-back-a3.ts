// Wightman et al. 2021, "ResNet strikes back", procedure A3: LAMB at rate 8e-3 with weight decay 0.02, updates of 2048 images (8 batches
// of 256), 5 epochs of warm-up, cosine over 100 epochs, binary cross-entropy with mixed targets above 0.2 counted as 1, mixup 0.1 or
// cutmix 1 at even odds; no label smoothing, no stochastic depth, no average. timm's LAMB clips the gradients' norm to 1 and leaves
// batch norm and biases without decay; its ResNets begin with the last scale of each block at 0. RandAugment is timm's
// "rand-m6-mstd0.5-inc1".
//
// It trains on 160×160 pixels and tests on 224×224, of a shorter side of ⌊224 / 0.95⌋ = 235, bicubic (timm's
// resnet50.a3_in1k: test_input_size, test_crop_pct).
//
// Not here: timm draws bilinear or bicubic for each crop and operation, here all are bicubic. Not run by us on ImageNet.
import { recipe } from "../src/train/parse-recipe.ts";

export const strikesBackA3 = recipe({
  name: "strikes-back-a3",
  model: "resnet50",
  batch: 256,
  accumulate: 8,
  epochs: 100,
  optimizer: { kind: "lamb", weightDecay: 0.02 },
  clipGradients: { by: "norm", largest: 1 },
  schedule: { kind: "cosine", learningRate: 8e-3, warmup: { span: { epochs: 5 }, fromFraction: 0 } },
  loss: { kind: "binary-cross-entropy", over: "mean", targetThreshold: 0.2 },
  mixing: { mixup: 0.1, cutmix: 1, switchProbability: 0.5 },
  zeroLastGamma: true,
  augmentation: {
    crop: { kind: "random-resized", areaFraction: [0.08, 1], aspect: [3 / 4, 4 / 3], interpolation: "bicubic" },
    policy: {
      kind: "rand-augment-timm",
      operations: 2,
      magnitude: 6,
      deviation: 0.5,
      probability: 0.5,
      interpolation: "bicubic",
      fill: "mean",
    },
    flip: true,
  },
  imageSize: {
    train: [{ fromEpoch: 0, size: 160 }],
    test: { size: 224, shorterSide: 235, interpolation: "bicubic" },
  },
  seed: 1,
});
