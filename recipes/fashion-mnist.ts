// The fuller training of ResNet-20 on Fashion-MNIST: He et al.'s augmentation for small images (4 pixels padded on each side, a
// random crop, mirror images) and one cycle over 30 epochs.
//
//   npx residual train fashion-mnist --recipe fashion-mnist
//
// Settings are chosen on a validation split of 5,000 training images (`--validation 5000`), never on test; the documented run
// then trains on all 60,000. About ten times as long as the demo. Time and accuracy measured: see README.
import { recipe } from "../src/train/parse-recipe.ts";

export const fashionMnist = recipe({
  name: "fashion-mnist",
  model: "resnet20",
  data: "fashion-mnist",
  batch: 128,
  epochs: 30,
  optimizer: { kind: "sgd", momentum: 0.9, weightDecay: 5e-4 },
  schedule: { kind: "one-cycle", learningRate: 0.2 },
  augmentation: { pad: 4, flip: true },
  seed: 1,
});
