// He et al. 2015, §4.2, on CIFAR-10: batches of 128, rate 0.1, divided by 10 at 32k and 48k iterations, ended at 64k; weight decay 1e-4,
// momentum 0.9; 4 pixels padded on each side, a random crop, mirror images. An epoch of 50,000 images has 390 batches: 164 epochs are
// 63,960 iterations. (The paper chose the schedule on a split of 45,000 and 5,000: `validationImages: 5000`, and 182 epochs of 351.)
//
// The mean of each pixel is subtracted (of the training images, kept with the weights). They divide by nothing, here by each channel's
// deviation: batch norm behind the first convolution takes the difference away. Not run by us on CIFAR-10.
import { recipe } from "../src/train/parse-recipe.ts";

export const he2015Cifar = recipe({
  name: "he-2015-cifar",
  model: "resnet20",
  batch: 128,
  epochs: 164,
  optimizer: { kind: "sgd", momentum: 0.9, weightDecay: 1e-4 },
  schedule: {
    kind: "step",
    learningRate: 0.1,
    milestones: [{ steps: 32_000 }, { steps: 48_000 }],
    factor: 0.1,
  },
  augmentation: { pad: 4, flip: true },
  subtractedMean: "pixel",
  seed: 1,
});
