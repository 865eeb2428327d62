// Trains a network that knows much already on photographs of few classes, of which there are some dozens to some thousands.
//
//   npx residual train photographs/ --weights resnet50-keras      (this recipe is the default where weights are given)
//
// The body is frozen, batch norms included, and a fresh head learns: a linear classifier on the features as they are, the usual
// advice for few images of things like those that the weights know. It takes no memory for gradients, a third of the time, and
// the body can't forget. With thousands of images train all of it, slowly, with batch norms frozen as He et al. 2015 (appendix A)
// fine-tuned for detection, for the statistics of small batches are poor:
//
//   npx residual train photographs/ --weights resnet50-keras --freeze none --batch-norm frozen --learning-rate 0.0003
//
// At 0.003 and 40 steps that did far worse on 134 photographs than the head alone: a fresh head wants a larger rate than the body
// (`headRateFactor` in a recipe's file).
// Settings and what was measured: docs/records/fine-tune.md.
import { recipe } from "../src/train/parse-recipe.ts";

export const fineTune = recipe({
  name: "fine-tune",
  batch: 16,
  epochs: 10,
  optimizer: { kind: "sgd", momentum: 0.9, weightDecay: 1e-4 },
  schedule: { kind: "cosine", learningRate: 0.01 },
  augmentation: {
    crop: { kind: "random-resized", areaFraction: [0.35, 1], aspect: [3 / 4, 4 / 3], interpolation: "bilinear" },
    flip: true,
  },
  freeze: "body",
  seed: 1,
  measureEverySteps: 0,
});
