// He et al. 2015, §4.2, for 110 layers: as he-2015-cifar, after a warm-up at rate 0.01 "until the training error is below 80 % (about 400
// iterations)". The number of iterations is taken as it stands, not the error.
import { recipe } from "../src/train/parse-recipe.ts";

export const he2015Cifar110 = recipe({
  name: "he-2015-cifar-110",
  model: "resnet110",
  batch: 128,
  epochs: 164,
  optimizer: { kind: "sgd", momentum: 0.9, weightDecay: 1e-4 },
  schedule: {
    kind: "step",
    learningRate: 0.1,
    milestones: [{ steps: 32_000 }, { steps: 48_000 }],
    factor: 0.1,
    warmup: { span: { steps: 400 }, fromFraction: 0.1, rise: "constant" },
  },
  augmentation: { pad: 4, flip: true },
  subtractedMean: "pixel",
  seed: 1,
});
