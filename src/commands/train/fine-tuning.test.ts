// `train --weights`, as a command on a made-up machine: what becomes of the head, what is kept, what a resumed run goes on with.
import { mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { UsageError } from "../../base/errors.ts";
import { readTensorsFile } from "../../checkpoint/node/tensors-file.ts";
import type { DataSet } from "../../data/data-set.ts";
import type { Preprocessing } from "../../data/preprocessing.ts";
import { syntheticSource } from "../../data/synthetic.ts";
import { initialTensors } from "../../model/initial-tensors.ts";
import { recipe } from "../../train/parse-recipe.ts";
import { madeUpEnvironment, syntheticData, tinySpec } from "../environment.test.fixture.ts";
import type { CommandEvent } from "../events.ts";
import { readRunRecord } from "../run-directory/run-record.ts";
import { resumeTraining, train } from "../train.ts";
import { saveModel } from "../trained-model.ts";
import { chooseRecipe } from "./choose-recipe.ts";

const spec = tinySpec(5);
const preprocessing: Preprocessing = { size: [12, 12], channels: 1, mean: [0.25], deviation: [0.125] };
const weights = { spec, tensors: initialTensors(spec, 4), preprocessing };
const small: DataSet = {
  ...syntheticData,
  train: syntheticSource({ images: 24, shape: [1, 12, 12], classes: 3, seed: 1 }),
};
const short = recipe({
  name: "short",
  data: "synthetic",
  batch: 6,
  epochs: 2,
  optimizer: { kind: "sgd" },
  schedule: { kind: "cosine", learningRate: 0.05 },
  freeze: "body",
  seed: 7,
});

let cwd = "";
beforeAll(async () => {
  cwd = await mkdtemp(join(tmpdir(), "residual-fine-tuning-"));
  const ofThree = { spec: tinySpec(3), tensors: initialTensors(tinySpec(3), 4), preprocessing };
  await saveModel({ ...weights, classes: ["v", "w", "x", "y", "z"] }, "five.safetensors", cwd);
  await saveModel({ ...ofThree, classes: ["a", "b", "c"] }, "same.safetensors", cwd);
  await saveModel({ ...ofThree, classes: ["a", "c", "b"] }, "turned.safetensors", cwd);
  await saveModel({ ...ofThree, classes: null }, "nameless.safetensors", cwd);
});
afterAll(() => rm(cwd, { recursive: true, force: true }));

const tuned = async (file: string, options: Partial<Parameters<typeof train>[0]> = {}) => {
  const events: CommandEvent[] = [];
  const environment = madeUpEnvironment(cwd, small, events);
  const outcome = await train(
    { weights: file, data: small, recipe: short, engine: "reference", ...options },
    environment,
  );
  const notices = events.flatMap((event) => (event.event === "notice" ? [event.message] : []));
  return { outcome, events, notices };
};
const dryRun = (file: string) => tuned(file, { dryRun: true });

describe("train --weights", () => {
  test.each([
    [
      "five.safetensors",
      "five.safetensors tells 5 classes apart and the data have 3: a fresh head of 3 classes, by seed 7, takes the place of its own",
    ],
    [
      "turned.safetensors",
      'turned.safetensors calls class 1 "c" and the data "b": a fresh head of 3 classes, by seed 7, takes the place of its own',
    ],
    ["same.safetensors", "same.safetensors: its head is kept: the same classes"],
    [
      "nameless.safetensors",
      "nameless.safetensors: its head is kept: its 3 classes have no names and are taken to be the data's",
    ],
  ])("says what becomes of the head of %s", async (file, notice) => {
    expect((await dryRun(file)).notices).toEqual([notice]);
  });

  test("estimates what learns and what is frozen", async () => {
    const { outcome } = await dryRun("five.safetensors");
    const head = 3 * 8 + 3;
    expect(outcome).toMatchObject({
      kind: "estimate",
      estimate: { learnedParameters: head, frozen: "the body is frozen, its batch norms as well" },
    });
    const all = await tuned("five.safetensors", { dryRun: true, freeze: "none" });
    expect(all.outcome).toMatchObject({ estimate: { frozenParameters: 0, frozen: "" } });
  });

  test("trains the head alone, with the weights' own preprocessing, which stays with the new model", async () => {
    const { outcome } = await tuned("five.safetensors", { out: "whole" });
    if (outcome.kind !== "end") throw new Error(outcome.kind);
    const { model } = outcome;
    expect(model.preprocessing).toEqual(preprocessing);
    expect(model.classes).toEqual(["a", "b", "c"]);
    for (const [name, { data }] of weights.tensors) {
      if (name.startsWith("fc.")) expect(model.tensors.get(name)?.shape[0]).toBe(3);
      else expect(model.tensors.get(name)?.data, name).toEqual(data);
    }
    const record = await readRunRecord(join(cwd, "whole"));
    expect(record.recipe).toMatchObject({ freeze: "body", batchNorm: "train" });
    expect(record.weights).toBe(join(cwd, "five.safetensors"));
    expect(record.model).toBeUndefined();
  });

  test("goes on with a run that was broken off, bit by bit, without the weights that it began with", async () => {
    await saveModel({ ...weights, classes: null }, "gone.safetensors", cwd);
    const controller = new AbortController();
    const environment = madeUpEnvironment(cwd, small);
    const broken = await train(
      { weights: "gone.safetensors", data: small, recipe: short, engine: "reference", out: "broken" },
      {
        ...environment,
        signal: controller.signal,
        onEvent: (event) => {
          if (event.event === "step" && event.step === 3) controller.abort(new Error("stopped"));
        },
      },
    );
    expect(broken.kind).toBe("interrupted");
    await rm(join(cwd, "gone.safetensors"));
    const ended = await resumeTraining({ resume: "broken", data: small }, environment);
    expect(ended.kind).toBe("end");
    const of = (run: string) => readTensorsFile(join(cwd, run, "checkpoints", "8", "model.safetensors"));
    const [resumed, whole] = [await of("broken"), await of("whole")];
    expect(resumed.metadata).toEqual(whole.metadata);
    for (const [name, { data }] of whole.tensors) expect(resumed.tensors.get(name)?.data, name).toEqual(data);
  });

  test("refuses options that contradict each other, and parts that there aren't", async () => {
    const refused = (options: Partial<Parameters<typeof train>[0]>) => tuned("five.safetensors", options);
    await expect(refused({ freeze: "body", batchNorm: "train" })).rejects.toThrow(
      new UsageError(
        "--freeze body freezes all batch norms with it; leave out --batch-norm train, or take --freeze none",
      ),
    );
    // The recipe's own freezing counts as well: it is the default where weights are given.
    const message =
      "the recipe short freezes the body and all batch norms with it; leave out --batch-norm fixed-statistics, or take --freeze none";
    await expect(refused({ batchNorm: "fixed-statistics" })).rejects.toThrow(new UsageError(message));
    const byDefault = { weights: "five.safetensors", batchNorm: "fixed-statistics" } as const;
    await expect(chooseRecipe(byDefault, new Map([["fine-tune", short]]), cwd)).rejects.toThrow(
      new UsageError(message),
    );
    await expect(refused({ freeze: "haed" })).rejects.toThrow('short: freeze should be "none" or "body" but is "haed"');
    await expect(refused({ freeze: "2" })).rejects.toThrow(
      "freeze: 2 stages are to be frozen but tiny has 1; freeze fewer, or the body",
    );
  });

  test.each([
    [
      {},
      "short: layers of fresh weights would be frozen as they are; give trained ones with --weights, or take --freeze none",
    ],
    [
      { freeze: "0" },
      "short: layers of fresh weights would be frozen as they are; give trained ones with --weights, or take --freeze none",
    ],
    [
      { freeze: "none", batchNorm: "frozen" },
      "short: batch norms' statistics of fresh weights would be frozen as they are; give trained ones with --weights, or take --batch-norm train",
    ],
  ])("refuses to freeze fresh weights (%j)", async (options, message) => {
    const fresh = { data: small, model: spec, recipe: short, engine: "reference", out: "fresh", ...options } as const;
    await expect(train({ ...fresh }, madeUpEnvironment(cwd, small))).rejects.toThrow(new UsageError(message));
    await expect(stat(join(cwd, "fresh"))).rejects.toThrow("ENOENT");
  });
});
