// He et al. 2015, "Deep residual learning for image recognition", §3.4: batches of 256, rate 0.1, divided by 10 "when the error
// plateaus", weight decay 1e-4, momentum 0.9, up to 60·10⁴ iterations (120 epochs of 1.28 million images); crops of 224×224 of images
// whose shorter side is drawn from [256, 480], mirrored. The rate falls here at epochs 30, 60 and 90, which is where others found the
// plateaus; for the paper's own words take the schedule { kind: "plateau", learningRate: 0.1, patienceEpochs: … } and hold images out.
//
// "The standard color augmentation in [21]" is AlexNet's lighting (Krizhevsky et al. 2012). Not here: the mean of each pixel, which
// photographs don't have; that of each channel is subtracted. Not run by us on ImageNet.
import { recipe } from "../src/train/parse-recipe.ts";

export const he2015ImageNet = recipe({
  name: "he-2015-imagenet",
  model: "resnet50",
  batch: 256,
  epochs: 120,
  optimizer: { kind: "sgd", momentum: 0.9, weightDecay: 1e-4 },
  schedule: {
    kind: "step",
    learningRate: 0.1,
    milestones: [{ epochs: 30 }, { epochs: 60 }, { epochs: 90 }],
    factor: 0.1,
  },
  augmentation: {
    crop: { kind: "random-scale", shorterSide: [256, 480], interpolation: "bilinear" },
    lighting: { deviation: 0.1 },
    flip: true,
  },
  seed: 1,
});
