import { describe, expect, test } from "vitest";
import { UsageError } from "../base/errors.ts";
import { noAugmentation } from "../data/augmentation.ts";
import { parseRecipe, recipe } from "./parse-recipe.ts";

const minimal = {
  name: "tiny",
  batch: 8,
  epochs: 2,
  optimizer: { kind: "sgd" },
  schedule: { kind: "constant", learningRate: 0.1 },
} as const;

const sized = (imageSize: unknown) => ({ ...minimal, augmentation: { crop: { kind: "random-resized" } }, imageSize });

const messageOf = (json: unknown): string => {
  try {
    parseRecipe(json, "tiny.json");
  } catch (error) {
    if (error instanceof UsageError) return error.message;
    throw error;
  }
  return "accepted";
};

describe("parseRecipe(json, where)", () => {
  test("fills in the defaults that its documentation states", () => {
    expect(recipe(minimal)).toEqual({
      name: "tiny",
      model: null,
      data: null,
      dtype: "f32",
      batch: 8,
      epochs: 2,
      optimizer: {
        kind: "sgd",
        momentum: 0.9,
        nesterov: false,
        weightDecay: 1e-4,
        decayBatchNorm: true,
        decayBias: true,
      },
      clipGradients: null,
      accumulate: 1,
      ema: null,
      schedule: { kind: "constant", learningRate: 0.1, warmup: null },
      loss: { kind: "cross-entropy" },
      labelSmoothing: 0,
      augmentation: noAugmentation,
      imageSize: null,
      subtractedMean: "channel",
      mixing: null,
      stochasticDepth: 0,
      zeroLastGamma: false,
      freeze: "none",
      batchNorm: "train",
      headRateFactor: 1,
      seed: 0,
      validationImages: 0,
      evaluateEveryEpochs: 1,
      earlyStopping: null,
      checkpointEvery: { epochs: 1 },
      keepCheckpoints: 2,
      histogramEveryEpochs: 0,
      onNonFinite: "stop",
      onSpike: null,
      measureEverySteps: 50,
    });
  });

  test("returns what went through JSON unchanged", () => {
    const given = recipe({
      ...minimal,
      freeze: { stages: 2 },
      batchNorm: "fixed-statistics",
      headRateFactor: 10,
      schedule: { kind: "step", learningRate: 0.1, milestones: [{ epochs: 82 }, { steps: 48_000 }], factor: 0.1 },
      augmentation: {
        pad: 4,
        flip: true,
        erase: {
          probability: 0.5,
          areaFraction: [0.02, 0.4],
          aspect: [0.3, 3],
          aspectDraw: "logarithmic",
          fill: "mean",
        },
        policy: { kind: "trivial-augment", interpolation: "nearest", fill: "black" },
        colour: { brightness: 0.4, contrast: 0.3, saturation: 0.2, hue: 0.1 },
        lighting: { deviation: 0.1 },
      },
    });
    expect(parseRecipe(JSON.parse(JSON.stringify(given)), "copy")).toEqual(given);
  });

  test.each([
    [{ ...minimal, epochs: 0 }, "tiny.json: epochs should be a whole number of at least 1 but is 0"],
    [
      { ...minimal, batch: 2.5 },
      "tiny.json: batch should be a whole number of at least 1 (the paper's: 128 for CIFAR-10, 256 for ImageNet) but is 2.5",
    ],
    [
      { ...minimal, schedule: { kind: "constant", learningRate: -0.1 } },
      "tiny.json: schedule.learningRate should be a number above 0 (the paper's: 0.1) but is -0.1",
    ],
    [
      { ...minimal, schedule: { kind: "cosin", learningRate: 0.1 } },
      'tiny.json: schedule.kind should be "constant" or "step" or "cosine" or "one-cycle" or "plateau" but is "cosin"; did you mean "cosine"?',
    ],
    [
      { ...minimal, schedule: { kind: "step", learningRate: 0.1, milestones: [{ epochs: -1 }] } },
      "tiny.json: schedule.milestones[0].epochs should be a number above 0 but is -1",
    ],
    [
      { ...minimal, optimizer: { kind: "sgd", momentum: 1 } },
      "tiny.json: optimizer.momentum should be a number of at least 0 and below 1 (the paper's: 0.9) but is 1",
    ],
    [
      { ...minimal, optimizer: { kind: "sgd", wieghtDecay: 0.1 } },
      'tiny.json: optimizer: an optimizer has no field "wieghtDecay"; did you mean "weightDecay"?',
    ],
    [
      { ...minimal, labelSmooting: 0.1 },
      'tiny.json: a recipe has no field "labelSmooting"; did you mean "labelSmoothing"?',
    ],
    [
      { ...minimal, momentum: 0, optimizer: { kind: "sgd" } },
      'tiny.json: a recipe has no field "momentum"; it has name, model, data, dtype, batch, epochs, optimizer, clipGradients, accumulate, ema, schedule, loss, labelSmoothing, augmentation, imageSize, subtractedMean, mixing, stochasticDepth, zeroLastGamma, freeze, batchNorm, headRateFactor, seed, validationImages, evaluateEveryEpochs, earlyStopping, onNonFinite, onSpike, checkpointEvery, keepCheckpoints, histogramEveryEpochs, measureEverySteps',
    ],
    [
      { ...minimal, optimizer: { kind: "sgd", momentum: 0, nesterov: true } },
      "tiny.json: optimizer.nesterov looks ahead along the momentum, which is 0; set one or the other",
    ],
    [
      { ...minimal, optimizer: { kind: "lam" } },
      'tiny.json: optimizer.kind should be "sgd" or "lars" or "adamw" or "lamb" but is "lam"; did you mean "lamb"?',
    ],
    [
      { ...minimal, optimizer: { kind: "adamw", momentum: 0.9 } },
      'tiny.json: optimizer: an optimizer has no field "momentum"; it has kind, beta1, beta2, epsilon, weightDecay, decayBatchNorm, decayBias',
    ],
    [
      { ...minimal, clipGradients: { by: "norm", largest: 0 } },
      "tiny.json: clipGradients.largest should be a number above 0 but is 0",
    ],
    [{ ...minimal, accumulate: 0 }, "tiny.json: accumulate should be a whole number of at least 1 but is 0"],
    [
      { ...minimal, ema: { decay: 1 } },
      "tiny.json: ema.decay should be a number of at least 0 and below 1 (such as 0.999) but is 1",
    ],
    [
      { ...minimal, mixing: {} },
      "tiny.json: mixing mixes nothing: mixup and cutmix are 0; set one of them, or leave mixing out",
    ],
    [
      { ...minimal, stochasticDepth: 1 },
      "tiny.json: stochasticDepth should be a number of at least 0 and below 1 (the paper's: 0.5) but is 1",
    ],
    [
      { ...minimal, loss: { kind: "binary-cross-entropy", targetThreshold: 2 } },
      "tiny.json: loss.targetThreshold should be a fraction from 0 to 1 but is 2",
    ],
    [
      { ...minimal, earlyStopping: { patienceEpochs: 0 } },
      "tiny.json: earlyStopping.patienceEpochs should be a whole number of at least 1 but is 0",
    ],
    [{ ...minimal, seed: -1 }, "tiny.json: seed should be a whole number from 0 to 4294967295 but is -1"],
    [{ ...minimal, dtype: "f16" }, 'tiny.json: dtype should be "f32" or "bf16" but is "f16"; did you mean "bf16"?'],
    [
      { ...minimal, augmentation: { flip: "yes" } },
      'tiny.json: augmentation.flip should be true or false but is "yes"',
    ],
    [
      { ...minimal, freeze: "bodi" },
      'tiny.json: freeze should be "none" or "body" but is "bodi"; did you mean "body"?',
    ],
    [
      { ...minimal, freeze: { stages: -1 } },
      "tiny.json: freeze.stages should be a whole number of at least 0 but is -1",
    ],
    [
      { ...minimal, batchNorm: "off" },
      'tiny.json: batchNorm should be "train" or "fixed-statistics" or "frozen" but is "off"',
    ],
    [{ ...minimal, headRateFactor: 0 }, "tiny.json: headRateFactor should be a number above 0 but is 0"],
    [
      { ...minimal, imageSize: { train: 128 } },
      'tiny.json: imageSize.train should be a list of sizes by epoch, such as [{"fromEpoch": 0, "size": 128}, {"fromEpoch": 6, "size": 224}] but is 128',
    ],
    [
      sized({ train: [] }),
      "tiny.json: imageSize.train is empty: give the size that training begins with, from epoch 0 on",
    ],
    [
      sized({ train: [{ fromEpoch: 0, size: 0 }] }),
      "tiny.json: imageSize.train[0].size should be a whole number of at least 1 pixel (usual for ImageNet: 224) but is 0",
    ],
    [
      sized({ train: [{ fromEpoch: 1, size: 64 }] }),
      "tiny.json: imageSize.train[0].fromEpoch should be 0, for training begins with that size, but is 1",
    ],
    [
      sized({ train: [0, 1, 1].map((fromEpoch) => ({ fromEpoch, size: 64 })) }),
      "tiny.json: imageSize.train[2].fromEpoch should be above 1, that of the size before, but is 1",
    ],
    [
      sized({ train: [0, 2].map((fromEpoch) => ({ fromEpoch, size: 64 })) }),
      "tiny.json: imageSize.train[1].fromEpoch is 2, but the recipe has 2 epochs: leave that size out, or train for at least 3 epochs",
    ],
    [
      { ...minimal, imageSize: { train: [{ fromEpoch: 0, size: 64 }] }, augmentation: { pad: 4 } },
      'tiny.json: imageSize is for photographs, which are cut to any size, but augmentation.pad 4 is for small images; give augmentation.crop {"kind": "random-resized"} instead, or leave imageSize out',
    ],
    [
      sized({ train: [{ fromEpoch: 0, size: 64 }], test: { size: 96, shorterSide: 95 } }),
      "tiny.json: imageSize.test.shorterSide should be at least the size, 96, but is 95",
    ],
    [
      sized({ train: [{ fromEpoch: 0, size: 64 }], test: { size: 96, interpolation: "cubic" } }),
      'tiny.json: imageSize.test.interpolation should be "nearest" or "bilinear" or "bicubic" or "lanczos" but is "cubic"; did you mean "bicubic"?',
    ],
    [{ ...minimal, name: undefined }, "tiny.json: name should be a text but is missing"],
    [null, /^tiny.json: should be a recipe \{name, model, .*\} but is null$/],
  ])("refuses case %#", (json, message) => {
    if (typeof message === "string") expect(messageOf(json)).toBe(message);
    else expect(messageOf(json)).toMatch(message);
  });
});
