// A small made-up run that the tests of the report share.
import { tensor } from "../../base/tensor.ts";
import { calibrationOf } from "../../evaluate/calibration.ts";
import { confusionMatrix } from "../../evaluate/confusion.ts";
import { accuracyOf, meanLoss } from "../../evaluate/interval.ts";
import type { ReportInput } from "./input.ts";

/** Two epochs of 40 steps, three classes, ten test images of which two are wrong, 2×3 pixels in grey. */
export const exampleInput = (classes: readonly string[] = ["shirt", "coat", "boot"]): ReportInput => {
  const labels = Int32Array.of(0, 0, 0, 0, 1, 1, 1, 2, 2, 2);
  const predicted = Int32Array.of(0, 0, 0, 1, 1, 1, 1, 2, 2, 0);
  const loss = meanLoss([0.1, 0.2, 0.3, 2.5, 0.1, 0.2, 0.1, 0.1, 0.2, 3.1]);
  // Two nats between the class said and the others.
  const logits = Float32Array.from({ length: 30 }, (_, i) => (predicted[Math.floor(i / 3)] === i % 3 ? 2 : 0));
  const mistake = (image: number, said: number, is: number, predictedProbability: number) => ({
    image,
    pixels: Uint8Array.of(0, 50, 100, 150, 200, 250),
    shape: [1, 2, 3] as const,
    predicted: said,
    actual: is,
    predictedProbability,
    actualProbability: (1 - predictedProbability) / 2,
    likeliest: [{ label: said, probability: predictedProbability }],
    file: null,
  });
  return {
    title: "ResNet-20 on three clothes",
    startedAt: null,
    network: { name: "resnet20", parameters: 272_186, macs: 31_021_952, input: [1, 2, 3] },
    data: { name: "clothes", trainImages: 160, validationImages: 0, testImages: 10 },
    training: {
      epochs: 2,
      steps: 80,
      batch: 4,
      seconds: 200,
      imagesPerSecond: 1012,
      dtype: "f32",
      engine: "onednn",
      threads: 2,
      seed: 7,
    },
    hardware: "a made-up processor, 2 cores",
    facts: [{ name: "Arena", value: "118 MiB" }],
    curves: Array.from({ length: 80 }, (_, i) => ({
      step: i + 1,
      epoch: i < 40 ? 1 : 2,
      loss: 1 / (1 + i / 10),
      accuracy: i / 100,
      learningRate: 0.1,
    })),
    epochs: [1, 2].map((epoch) => ({
      epoch,
      step: 40 * epoch,
      seconds: 99,
      train: { accuracy: accuracyOf(100 + 20 * epoch, 160), loss },
      validation: null,
      test: { accuracy: accuracyOf(6 + epoch, 10), loss },
    })),
    evaluation: {
      split: "test",
      accuracy: accuracyOf(8, 10),
      loss,
      top5: null,
      confusion: confusionMatrix(predicted, labels, 3),
      calibration: calibrationOf(tensor("f32", [10, 3], logits), labels),
      mistakes: [mistake(9, 0, 2, 0.9999), mistake(3, 1, 0, 0.75)],
    },
    classes,
    recipe: { model: "resnet20", epochs: 2 },
    command: "residual train clothes --model resnet20 --epochs 2",
  };
};
