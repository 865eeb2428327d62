// Goyal et al. 2017, "Accurate, large minibatch SGD: training ImageNet in 1 hour": updates of 8192 images at rate 0.1 · 8192 / 256 = 3.2
// (the linear scaling rule, §2.1), 5 epochs of gradual warm-up from 0.1 (§2.2), divided by 10 at epochs 30, 60 and 80 of 90, Nesterov
// momentum 0.9, weight decay 1e-4 but not of batch norm (§5.1), the last scale of each block 0 at first (§5.1), random resized crops.
// Batch norm takes the statistics of 32 images, as each of their workers did: 256 batches of 32 are accumulated for an update.
//
// Augmentation is by scale and aspect ratio "as in" fb.resnet.torch (§5.1); that code also jitters colours by 0.4 and adds AlexNet's
// lighting, of which the paper doesn't speak: so it is here, set both to null for the paper's words. For other sizes of an update change
// `accumulate` and, in proportion, the rate. Not run by us on ImageNet.
import { recipe } from "../src/train/parse-recipe.ts";

export const goyal2017 = recipe({
  name: "goyal-2017",
  model: "resnet50",
  batch: 32,
  accumulate: 256,
  epochs: 90,
  optimizer: { kind: "sgd", momentum: 0.9, nesterov: true, weightDecay: 1e-4, decayBatchNorm: false },
  schedule: {
    kind: "step",
    learningRate: 3.2,
    milestones: [{ epochs: 30 }, { epochs: 60 }, { epochs: 80 }],
    factor: 0.1,
    warmup: { span: { epochs: 5 }, fromFraction: 0.1 / 3.2 },
  },
  zeroLastGamma: true,
  augmentation: {
    crop: { kind: "random-resized", areaFraction: [0.08, 1], aspect: [3 / 4, 4 / 3], interpolation: "bilinear" },
    colour: { brightness: 0.4, contrast: 0.4, saturation: 0.4, hue: 0 },
    lighting: { deviation: 0.1 },
    flip: true,
  },
  seed: 1,
});
