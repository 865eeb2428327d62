// Trains a ResNet-18 from scratch on a folder of some hundreds to some thousands of photographs: what is done by default where no
// pretrained weights can be had, and rarely the better way.
//
//   npx residual train photographs/ --from-scratch
//
// SGD with momentum, one cycle, cuts of any part of the picture and mirror images, as for ImageNet (torchvision's reference training),
// in small batches, so that few images make some hundreds of steps.
import { recipe } from "../src/train/parse-recipe.ts";

export const photographs = recipe({
  name: "photographs",
  model: "resnet18",
  batch: 16,
  epochs: 30,
  optimizer: { kind: "sgd", momentum: 0.9, weightDecay: 5e-4 },
  schedule: { kind: "one-cycle", learningRate: 0.02 },
  augmentation: {
    crop: { kind: "random-resized", areaFraction: [0.35, 1], aspect: [3 / 4, 4 / 3], interpolation: "bilinear" },
    flip: true,
  },
  seed: 1,
  measureEverySteps: 0,
});
