// `train` by a recipe with sizes of images, as a command on a folder of JPEG files: the estimate, the run directory, resuming, and what
// evaluates and predicts with the weights.
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { readTensorsFile } from "../../checkpoint/node/tensors-file.ts";
import { jpeg, writeFiles } from "../../data/node/image-folder.test.fixture.ts";
import { openDataSet } from "../../data/node/open-data-set.ts";
import { parseSpec } from "../../spec/parse-spec.ts";
import { type RecipeFields, recipe } from "../../train/parse-recipe.ts";
import { madeUpEnvironment, syntheticData, tinySpec } from "../environment.test.fixture.ts";
import { evaluate } from "../evaluate.ts";
import type { CommandEvent } from "../events.ts";
import { metricsRecords } from "../run-directory/metrics-log.ts";
import { readRunRecord } from "../run-directory/run-record.ts";
import { resumeTraining, train } from "../train.ts";
import type { TrainOptions } from "./options.ts";

const spec = parseSpec({ ...tinySpec(2), input: [3, 32, 32] }, "tiny");
const fields = {
  name: "growing",
  batch: 4,
  epochs: 3,
  optimizer: { kind: "sgd" },
  schedule: { kind: "constant", learningRate: 0.05 },
  augmentation: {
    crop: { kind: "random-resized", areaFraction: [0.35, 1], aspect: [3 / 4, 4 / 3], interpolation: "bilinear" },
    flip: true,
  },
  imageSize: {
    train: [
      { fromEpoch: 0, size: 8 },
      { fromEpoch: 1, size: 16 },
      { fromEpoch: 2, size: 12 },
    ],
    test: { size: 24, shorterSide: 28, interpolation: "bicubic" },
  },
  validationImages: 4,
  seed: 2,
} satisfies RecipeFields;

let cwd = "";
beforeAll(async () => {
  cwd = await mkdtemp(join(tmpdir(), "residual-image-size-"));
  const files: Record<string, Uint8Array> = {};
  for (let i = 0; i < 12; i++) {
    files[`photos/cats/${i}.jpg`] = await jpeg(90 + i, 80, i);
    files[`photos/dogs/${i}.jpg`] = await jpeg(80, 90 + i, 50 + i);
  }
  await writeFiles(cwd, files);
});
afterAll(() => rm(cwd, { recursive: true, force: true }));

const environmentOf = (events: CommandEvent[] = []) => ({ ...madeUpEnvironment(cwd, undefined, events), openDataSet });
const photographs = () => join(cwd, "photos");
const options = (changes: Partial<TrainOptions> = {}): TrainOptions => ({
  data: photographs(),
  model: spec,
  recipe: recipe(fields),
  engine: "reference",
  workers: 0,
  ...changes,
});
const trainPhotos = (changes: Partial<TrainOptions>, events: CommandEvent[] = []) =>
  train(options(changes), environmentOf(events));

/** The run that nobody stopped, made once, and what was told of it. */
const events: CommandEvent[] = [];
let made: ReturnType<typeof trainPhotos> | null = null;
const unbrokenRun = async () => {
  made ??= trainPhotos({ out: "whole" }, events);
  const outcome = await made;
  if (outcome.kind !== "end") throw new Error(outcome.kind);
  return outcome;
};

describe("train by a recipe with imageSize", { timeout: 120_000 }, () => {
  test("estimates memory for the largest images and seconds for each size, and trains nothing in a dry run", async () => {
    const outcome = await trainPhotos({ dryRun: true });
    if (outcome.kind !== "estimate") throw new Error(outcome.kind);
    const { estimate } = outcome;
    const alone = await trainPhotos({ dryRun: true, imageSize: "16" });
    if (alone.kind !== "estimate") throw new Error(alone.kind);
    const { arenaBytes, loaderBytes, totalBytes } = alone.estimate;
    expect(estimate).toMatchObject({ arenaBytes, loaderBytes, totalBytes, evaluationSize: [24, 24] });
    expect(loaderBytes).toBe(4 * (4 * 3 * (16 * 16 + 24 * 24) + 2 * 4)); // of training and of validation
    expect(estimate.sizes.map(({ imageSize, epochs }) => [imageSize, epochs])).toEqual([
      [[8, 8], 1],
      [[16, 16], 1],
      [[12, 12], 1],
    ]);
    const seconds = estimate.sizes.map(({ secondsPerEpoch }) => secondsPerEpoch ?? Number.NaN);
    expect(seconds.reduce((sum, each) => sum + each, 0)).toBeCloseTo(estimate.seconds ?? Number.NaN, 9);
    expect(estimate.secondsPerEpoch).toBe(seconds[1]);
  });

  test("records each epoch's size, keeps the test size with the weights, and evaluates with it", async () => {
    const outcome = await unbrokenRun();
    const file = join(cwd, "whole", "metrics.jsonl");
    const epochs = [...metricsRecords(await readFile(file), file)].filter(({ record }) => record.event === "epoch");
    expect(epochs.map(({ record }) => [record.epoch, record.imageSize])).toEqual([
      [1, [8, 8]],
      [2, [16, 16]],
      [3, [12, 12]],
    ]);
    expect(outcome.model.preprocessing).toMatchObject({
      size: [24, 24],
      fit: { kind: "crop", shorterSide: 28, interpolation: "bicubic" },
    });
    expect(outcome.model.spec.input).toEqual([3, 24, 24]);
    const report = await readFile(outcome.report, "utf8");
    expect(report).toContain(
      "<dt>Training images</dt><dd>8×8 in epoch 1, 16×16 in epoch 2, 12×12 in epoch 3; evaluated at 24×24</dd>",
    );
    const told = events.flatMap((event) => (event.event === "size" ? [`${event.epoch} ${event.imageSize}`] : []));
    expect(told).toEqual(["1 8,8", "2 16,16", "3 12,12"]);
    const again = await evaluate({ weights: "whole", data: photographs(), engine: "reference" }, environmentOf());
    expect(again.evaluation.loss.value).toBe(outcome.end.loss);
    expect((await readRunRecord(join(cwd, "whole"))).recipe.imageSize).toEqual(fields.imageSize);
  });

  test.each([3, 4, 5])(
    "goes on with a run that stopped after step %i, about where images grow, bit by bit",
    async (step) => {
      const controller = new AbortController();
      const environment = environmentOf();
      const stopped = await train(options({ out: `stopped-${step}` }), {
        ...environment,
        signal: controller.signal,
        onEvent: (event) => {
          if (event.event === "step" && event.step === step) controller.abort(new Error("stopped"));
        },
      });
      expect(stopped).toMatchObject({ kind: "interrupted", step });
      const outcome = await resumeTraining({ resume: `stopped-${step}`, workers: 0 }, environment);
      const unbroken = await unbrokenRun();
      if (outcome.kind !== "end") throw new Error(outcome.kind);
      for (const name of ["model.safetensors", "state.safetensors"]) {
        const of = async (checkpoint: string | null) => (await readTensorsFile(join(checkpoint ?? "", name))).tensors;
        expect(await of(outcome.end.checkpoint)).toEqual(await of(unbroken.end.checkpoint));
      }
      expect(outcome.end.loss).toBe(unbroken.end.loss);
    },
  );

  test("refuses images in memory in one sentence, before anything is written", async () => {
    const memory = train(options({ data: syntheticData, model: tinySpec(3), out: "none" }), environmentOf());
    await expect(memory).rejects.toThrow(
      "growing: imageSize is for photographs, but the images of synthetic are 12×12 and are taken as they are; leave imageSize out",
    );
    await expect(trainPhotos({ out: "none", imageSize: "1" })).rejects.toThrow(
      /^growing: imageSize\.train\[0\]: input 1×1 is too small: /,
    );
    await expect(readFile(join(cwd, "none", "run.json"))).rejects.toThrow("ENOENT");
  });
});
