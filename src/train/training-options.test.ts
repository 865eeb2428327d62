// Each option of a recipe in a whole tiny training: it does what it says, and a broken training resumes bit-equal.
import { describe, expect, test } from "vitest";
import { resnet } from "../spec/named-networks.ts";
import type { ResNetSpec } from "../spec/spec.ts";
import { freshTensors } from "./fresh-tensors.ts";
import type { RecipeFields } from "./parse-recipe.ts";
import {
  epochEvents,
  expectSameTraining,
  spec,
  stepEvents,
  stopAfter,
  throughFiles,
  trainTiny,
  validation,
} from "./train.test.fixture.ts";

const withoutDropout: ResNetSpec = { ...spec, head: { ...spec.head, dropout: 0 } };

const options: Readonly<Record<string, Partial<RecipeFields>>> = {
  LARS: { optimizer: { kind: "lars", trustCoefficient: 0.02 } },
  AdamW: { optimizer: { kind: "adamw" }, schedule: { kind: "constant", learningRate: 0.01 } },
  LAMB: { optimizer: { kind: "lamb" }, schedule: { kind: "constant", learningRate: 0.01 } },
  "clipping by norm": { clipGradients: { by: "norm", largest: 0.5 } },
  "clipping by value": { clipGradients: { by: "value", largest: 0.05 } },
  "an average of weights": { ema: { decay: 0.9, warmup: { steps: 2 }, everySteps: 2 } },
  accumulation: { batch: 2, accumulate: 2 },
  mixup: { mixing: { mixup: 0.4 } },
  "cutmix or mixup": { mixing: { mixup: 0.4, cutmix: 1 } },
  "binary cross-entropy": { loss: { kind: "binary-cross-entropy", over: "sum" } },
  "binary cross-entropy of mixed images": {
    loss: { kind: "binary-cross-entropy", targetThreshold: 0.2 },
    mixing: { cutmix: 1 },
  },
  "stochastic depth": { stochasticDepth: 0.5 },
  "scales of zero": { zeroLastGamma: true },
  "a plateau schedule": {
    epochs: 4,
    schedule: { kind: "plateau", learningRate: 1e-9, factor: 0.5, patienceEpochs: 1 },
  },
  "accumulation, LAMB, clipping and an average": {
    batch: 2,
    accumulate: 2,
    optimizer: { kind: "lamb" },
    clipGradients: { by: "norm", largest: 1 },
    ema: { decay: 0.9 },
  },
};

describe("train({ resume }) with each option of a recipe", () => {
  test.each(Object.entries(options))("%s: bit-equal to the training without the break", async (_, changes) => {
    const unbroken = await trainTiny({ validation }, changes);
    const first = await trainTiny({ ...stopAfter(3), validation }, changes);
    expect(first.result.interrupted).toBe(true);
    const resume = throughFiles(first.result.checkpoint);
    const second = await trainTiny({ resume, validation }, changes);
    expectSameTraining(second.result.checkpoint, unbroken.result.checkpoint);
    const lossesOf = ({ events }: typeof unbroken) => stepEvents(events).map(({ loss }) => loss);
    expect([...lossesOf(first), ...lossesOf(second)]).toEqual(lossesOf(unbroken));
    expect(epochEvents(second.events).at(-1)?.validationLoss).toBe(epochEvents(unbroken.events).at(-1)?.validationLoss);
    // Another training than without the option.
    const plain = await trainTiny({ validation });
    expect(unbroken.result.checkpoint.model).not.toEqual(plain.result.checkpoint.model);
  });
});

describe("an average of weights", () => {
  test("is the checkpoint's model, the weights themselves stand beside it, and validation is of the average", async () => {
    const ema = { decay: 0.9 };
    const averaged = (await trainTiny({ validation }, { ema })).result;
    const plain = (await trainTiny({ validation })).result;
    const { model, state, modelMetadata } = averaged.checkpoint;
    expect(modelMetadata.weights).toBe("moving average");
    expect(plain.checkpoint.modelMetadata.weights).toBeUndefined();
    for (const [name, { data }] of plain.checkpoint.model) {
      expect(state.get(`${name}.raw`)?.data, name).toEqual(data); // averaging changes nothing in the training
      expect(model.get(name)?.data, name).not.toEqual(data);
    }
    expect(averaged.validation?.loss.value).not.toBe(plain.validation?.loss.value);
  });

  test("is the weights themselves during the warm-up, and follows every so many updates only", async () => {
    const afterSteps = async (step: number) =>
      (await trainTiny(stopAfter(step), { ema: { decay: 0.9, warmup: { steps: 3 }, everySteps: 3 } })).result
        .checkpoint;
    const three = await afterSteps(3);
    expect(three.model.get("fc.weight")).toEqual(three.state.get("fc.weight.raw"));
    const five = await afterSteps(5);
    expect(five.model.get("fc.weight")).toEqual(three.model.get("fc.weight"));
    const six = await afterSteps(6);
    const [old, raw] = [three.model.get("fc.weight")?.data ?? [], six.state.get("fc.weight.raw")?.data ?? []];
    const expected = Float32Array.from(old, (value, i) => 0.9 * value + 0.1 * (raw[i] ?? Number.NaN));
    for (const [i, value] of (six.model.get("fc.weight")?.data ?? []).entries()) {
      expect(Math.abs(value - (expected[i] ?? 0))).toBeLessThanOrEqual(4 * 2 ** -24); // four roundings of numbers below 1
    }
  });

  test("can't be left out on resume", async () => {
    const { checkpoint } = (await trainTiny(stopAfter(3), { ema: { decay: 0.9 } })).result;
    await expect(trainTiny({ resume: checkpoint })).rejects.toThrow(
      "checkpoint: its weights are averages (ema) but this recipe averages none; resume with the recipe that it was made with",
    );
  });
});

describe("accumulation", () => {
  test("counts updates as steps, all of a step's images, and what fills no update as dropped", async () => {
    const { events, result } = await trainTiny({}, { batch: 3, accumulate: 2 });
    expect(events[0]).toMatchObject({ stepsPerEpoch: 3, totalSteps: 6, droppedPerEpoch: 2 });
    expect(result.checkpoint.step).toBe(6);
    expect(epochEvents(events).map(({ trainImages }) => trainImages)).toEqual([18, 18]);
    expect([...result.checkpoint.state.keys()].some((name) => name.endsWith(".accumulated"))).toBe(false);
  });

  test("takes, where nothing depends on the batch, the steps of the larger batch", async () => {
    // Frozen batch norms and no dropout's draws in common: the loss of a batch is the mean of its images' losses.
    const common: Partial<RecipeFields> = { freeze: "body", augmentation: {}, headRateFactor: 1 };
    const one = await trainTiny({ spec: withoutDropout }, { ...common, batch: 4 });
    const four = await trainTiny({ spec: withoutDropout }, { ...common, batch: 1, accumulate: 4 });
    expect(four.result.checkpoint.step).toBe(one.result.checkpoint.step);
    const [a, b] = [one.result.checkpoint.model.get("fc.weight"), four.result.checkpoint.model.get("fc.weight")];
    // Ten steps of weights below 1, and means of four gradients with a few roundings each.
    for (const [i, value] of (a?.data ?? []).entries())
      expect(Math.abs(value - (b?.data[i] ?? 9))).toBeLessThan(200 * 2 ** -24);
  });

  test("refuses updates of more images than there are", async () => {
    await expect(trainTiny({}, { accumulate: 6 })).rejects.toThrow(
      "an update of 6 batches of 4 takes 24 images but the training split has 20; accumulate fewer, or take a smaller batch",
    );
  });
});

test("clipping by norm logs the norm of each step, as it was before clipping", async () => {
  const { events } = await trainTiny({}, { clipGradients: { by: "norm", largest: 1e-3 }, measureEverySteps: 2 });
  for (const { gradientNorm } of stepEvents(events)) expect(gradientNorm).toBeGreaterThan(1e-3);
  const unclipped = await trainTiny({}, { measureEverySteps: 1 });
  expect(stepEvents(events)[0]?.gradientNorm).toBe(stepEvents(unclipped.events)[0]?.gradientNorm);
});

describe("choices by validation", () => {
  // A rate of next to nothing: no validation is better than the first.
  const still = { kind: "constant", learningRate: 1e-12 } as const;

  test("early stopping ends the training when no validation has been better for so many epochs", async () => {
    const changes: Partial<RecipeFields> = {
      epochs: 9,
      schedule: still,
      batchNorm: "frozen",
      earlyStopping: { patienceEpochs: 2 },
    };
    const { events, result } = await trainTiny({ validation }, changes);
    expect(epochEvents(events)).toHaveLength(3);
    expect(result.interrupted).toBe(false);
    const bestAccuracy = epochEvents(events)[0]?.validationAccuracy;
    expect(events.at(-1)).toEqual({ event: "stopped early", step: 15, epoch: 3, bestAccuracy });
    // Resumed, it has nothing left to do.
    const again = await trainTiny({ validation, resume: throughFiles(result.checkpoint) }, changes);
    expect(again.result.checkpoint.step).toBe(15);
    expect(stepEvents(again.events)).toEqual([]);
  });

  test("a plateau lowers the rate from the next epoch on", async () => {
    const schedule = { kind: "plateau", learningRate: 1e-12, factor: 0.1, patienceEpochs: 2 } as const;
    const { events } = await trainTiny({ validation }, { epochs: 6, schedule, batchNorm: "frozen" });
    const rates = stepEvents(events)
      .filter(({ step }) => step % 5 === 1)
      .map(({ learningRate }) => learningRate);
    const expected = [1, 1, 1, 0.1, 0.1, 0.01].map((factor) => factor * 1e-12);
    for (const [epoch, rate] of rates.entries()) expect(rate / (expected[epoch] ?? 0)).toBeCloseTo(1, 10);
  });

  test("neither can be had without a validation", async () => {
    await expect(trainTiny({}, { earlyStopping: { patienceEpochs: 2 } })).rejects.toThrow(
      "earlyStopping watches the validation, but no images are held out; hold some out (validationImages, --validation), or give a validation split",
    );
    const schedule = { kind: "plateau", learningRate: 0.1 } as const;
    await expect(trainTiny({}, { schedule })).rejects.toThrow(
      "a plateau schedule watches the validation, but no images are held out; hold some out (validationImages, --validation), or give a validation split",
    );
  });
});

test("zeroLastGamma begins with blocks that are their shortcuts, and refuses a network that has no such scale", async () => {
  const { checkpoints } = await trainTiny({}, { zeroLastGamma: true });
  expect([...(checkpoints[0]?.model.get("layer1.0.bn2.weight")?.data ?? [])]).toEqual(Array(8).fill(0));
  expect([...(checkpoints[0]?.model.get("layer1.0.bn1.weight")?.data ?? [])]).toEqual(Array(8).fill(1));
  expect(() => freshTensors(resnet(20, { activation: "pre" }), { seed: 1, zeroLastGamma: true })).toThrow(
    "zeroLastGamma: no residual branch of resnet20 ends in a batch norm; leave it out",
  );
});
