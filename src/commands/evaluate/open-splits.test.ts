// Weights of a run are evaluated on the images that the run held out, wherever in the run they lie.
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { UsageError } from "../../base/errors.ts";
import { type DataSet, holdOutValidation } from "../../data/data-set.ts";
import { syntheticSource } from "../../data/synthetic.ts";
import { recipe } from "../../train/parse-recipe.ts";
import { madeUpEnvironment, syntheticData, tinySpec } from "../environment.test.fixture.ts";
import { evaluate } from "../evaluate.ts";
import type { CommandEvent } from "../events.ts";
import { train } from "../train.ts";
import { openSplits, type SplitOptions } from "./open-splits.ts";
import { runOfWeights } from "./run-of-weights.ts";

const withFile = (sha256: string, name = "pictures"): DataSet => ({
  ...syntheticData,
  name,
  train: syntheticSource({ images: 24, shape: [1, 12, 12], classes: 3, seed: 1 }),
  files: [{ path: name, sha256 }],
});
const pictures = withFile("aa");

let cwd = "";
let run = "";
beforeAll(async () => {
  cwd = await mkdtemp(join(tmpdir(), "residual-splits-"));
  run = join(cwd, "run");
  await writeFile(join(cwd, "tiny.json"), JSON.stringify(tinySpec(3)));
  const short = recipe({
    name: "short",
    batch: 6,
    epochs: 1,
    optimizer: { kind: "sgd" },
    schedule: { kind: "cosine", learningRate: 0.05 },
    seed: 7,
    validationImages: 9,
  });
  const environment = madeUpEnvironment(cwd, pictures);
  await train({ data: pictures, model: "tiny.json", recipe: short, engine: "reference", out: "run" }, environment);
});
afterAll(() => rm(cwd, { recursive: true, force: true }));

const opened = async (options: Partial<SplitOptions> = {}, data = pictures, needsTraining = true, weights = "run") => {
  const events: CommandEvent[] = [];
  const of = await runOfWeights(weights, cwd);
  const environment = madeUpEnvironment(cwd, data, events);
  return { data: await openSplits({ data: "pictures", ...options }, of, needsTraining, environment), events };
};
const heldOutByRun = holdOutValidation(pictures, 9, 7);
const noticeOf = (): CommandEvent => ({
  event: "notice",
  message: `9 training images are held out by seed 7, as ${run} was trained`,
});

describe("openSplits(options, run)", () => {
  test.each(["run", "run/", "run/checkpoints/2", "run/checkpoints/2/model.safetensors"])(
    "holds out what the run of %s did, and says so",
    async (weights) => {
      const { data, events } = await opened({}, pictures, true, weights);
      expect(data).toEqual(heldOutByRun);
      expect(events).toEqual([noticeOf()]);
    },
  );

  test("knows the run's data by their contents under another name", async () => {
    const moved = withFile("aa", "moved");
    const { data, events } = await opened({ data: "moved" }, moved);
    expect(data).toEqual(holdOutValidation(moved, 9, 7));
    expect(events).toEqual([noticeOf()]);
  });

  test("takes the run's seed where only the number is given, and is silent where both are", async () => {
    const byNumber = await opened({ validation: 9 });
    expect(byNumber.data).toEqual(heldOutByRun);
    expect(byNumber.events).toEqual([noticeOf()]);
    const byBoth = await opened({ validation: 9, seed: 7 });
    expect(byBoth.data).toEqual(heldOutByRun);
    expect(byBoth.events).toEqual([]);
    expect((await opened({ validation: 0 })).data.validation).toBeNull();
  });

  test("warns where other images are held out than the run did", async () => {
    const { data, events } = await opened({ seed: 0 });
    expect(data).toEqual(holdOutValidation(pictures, 9, 0));
    const message = `9 training images are held out by seed 0, which aren't those that ${run} held out (9 by seed 7): some of them may have been trained on`;
    expect(events).toEqual([{ event: "warning", message }]);
  });

  test("warns where the data of that name have changed, whichever split is evaluated", async () => {
    const changed = withFile("bb");
    const message = `pictures is not what ${run} was trained on: its files have changed, and images that are held out now may have been trained on`;
    for (const needsTraining of [false, true]) {
      const { data, events } = await opened({}, changed, needsTraining);
      expect(events[0]).toEqual({ event: "warning", message });
      expect(data.validation?.labels.length ?? 0).toBe(needsTraining ? 9 : 0);
    }
  });

  test("holds out nothing of its own accord for the test split, for other data, and for weights of no run", async () => {
    for (const { data, events } of [
      await opened({}, pictures, false),
      await opened({ data: "others" }, withFile("cc", "others")),
      await opened({}, pictures, true, "tiny.json"),
      await opened({}, pictures, true, "resnet20"),
    ]) {
      expect(data.validation).toBeNull();
      expect(events).toEqual([]);
    }
  });

  test("leaves a validation split that the data have of their own", async () => {
    const own = { ...pictures, validation: syntheticSource({ images: 5, shape: [1, 12, 12], classes: 3, seed: 3 }) };
    const { data, events } = await opened({}, own);
    expect(data).toBe(own);
    expect(events).toEqual([]);
    for (const [options, given] of [
      [{ validation: 5 }, "--validation 5"],
      [{ seed: 7 }, "--seed 7"],
    ] as const) {
      await expect(opened(options, own)).rejects.toThrow(
        new UsageError(`pictures has a validation split of its own, so no images are held out; leave out ${given}`),
      );
    }
    expect((await opened({ validation: 0, seed: 7, seedMakesWeights: true }, own)).data).toBe(own);
  });

  test("refuses a seed that decides nothing, unless fresh weights are made by it", async () => {
    const others = withFile("cc", "others");
    const message =
      "--seed 7 decides which training images are held out, and none are; leave it out, or hold some out with --validation";
    await expect(opened({ data: "others", seed: 7 }, others)).rejects.toThrow(new UsageError(message));
    await expect(opened({ seed: 7 }, pictures, false)).rejects.toThrow(new UsageError(message));
    expect((await opened({ data: "others", seed: 7, seedMakesWeights: true }, others)).data.validation).toBeNull();
    expect((await opened({ data: "others", seed: 7, validation: 3 }, others)).data.validation?.labels.length).toBe(3);
  });
});

test("evaluate --split validation scores the run's held-out images", async () => {
  const evaluated = async (seed?: number) => {
    const asked = { weights: "run", data: "pictures", split: "validation", engine: "reference" } as const;
    const environment = madeUpEnvironment(cwd, pictures);
    return (await evaluate({ ...asked, ...(seed !== undefined && { validation: 9, seed }) }, environment)).document;
  };
  const byRun = await evaluated();
  expect(byRun.n).toBe(9);
  expect(byRun).toEqual(await evaluated(7));
  expect(byRun.loss).not.toBe((await evaluated(0)).loss);
});
