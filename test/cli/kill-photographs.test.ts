// Kill -9 of a training from JPEG files with everything that keeps something between steps: bf16, averages of weights, mixup,
// accumulation, validation, workers. It is gone on with to the very bytes of the run that nobody killed; with measured choices as well.
import { existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { z } from "zod";
import { randomPurposes, randomStream } from "../../src/base/philox.ts";
import { jpeg, writeFiles } from "../../src/data/node/image-folder.test.fixture.ts";
import { makeFolder, residual, start, tinySpec, writeJson } from "./command-line.ts";
import { linesOfMetrics, resume } from "./interruptible-run.ts";

const side = 16;
const epochs = 6;
/** 32 of 48 images train: 4 updates of two batches of four an epoch, and a checkpoint every three, most within an epoch. */
const steps = epochs * 4;
const recipe = {
  name: "everything",
  dtype: "bf16",
  batch: 4,
  accumulate: 2,
  epochs,
  optimizer: { kind: "sgd", nesterov: true, weightDecay: 5e-4 },
  clipGradients: { by: "norm", largest: 5 },
  schedule: { kind: "one-cycle", learningRate: 0.05 },
  ema: { decay: 0.9, everySteps: 2 },
  mixing: { mixup: 0.2, cutmix: 1 },
  augmentation: { crop: { kind: "random-resized" }, flip: true },
  onNonFinite: { skip: 2 },
  onSpike: { factor: 8, window: 8 },
  validationImages: 4,
  evaluateEveryEpochs: 4,
  seed: 6,
  checkpointEvery: { steps: 3 },
  measureEverySteps: 4,
};

const train = (out: string, ...more: readonly string[]): readonly string[] => [
  ..."train photos --model tiny.json --recipe recipe.json --engine onednn --threads 1".split(" "),
  ...more,
  "--out",
  out,
];

let folder = "";
let remove = async (): Promise<void> => {};
beforeAll(async () => {
  ({ folder, remove } = await makeFolder());
  const files: Record<string, Uint8Array> = {};
  for (const [c, name] of ["a", "b", "c"].entries()) {
    for (let i = 0; i < 16; i++) files[`${name}/${i}.jpg`] = await jpeg(24 + i, 20 + c, 100 * c + i);
  }
  await writeFiles(join(folder, "photos"), files);
  writeJson(folder, "tiny.json", { ...tinySpec, input: [3, side, side] });
  writeJson(folder, "recipe.json", recipe);
});
afterAll(() => remove());

const metricSchema = z.looseObject({ step: z.int(), event: z.string(), loss: z.number().nullish() });
const outcome = (run: string) => {
  const checkpoint = join(folder, run, "checkpoints", String(steps));
  const lines = readFileSync(join(folder, run, "metrics.jsonl"), "utf8")
    .trimEnd()
    .split("\n");
  return {
    model: readFileSync(join(checkpoint, "model.safetensors")).toString("base64"),
    state: readFileSync(join(checkpoint, "state.safetensors")).toString("base64"),
    losses: lines
      .map((line) => metricSchema.parse(JSON.parse(line)))
      .map(({ step, event, loss, gradientNorm, validationAccuracy }) => [
        step,
        event,
        loss,
        gradientNorm,
        validationAccuracy,
      ]),
  };
};

/** Kills the run `times` times, each after it has taken some more steps, and ends it. Gives how many kills came while it stepped. */
const killed = async (run: string, times: number, seed: number, ...words: readonly string[]): Promise<number> => {
  const random = randomStream(seed, randomPurposes.synthetic, 0, 0);
  let whileStepping = 0;
  for (let kill = 0; kill < times; kill++) {
    const hasBegun = existsSync(join(folder, run, "run.json"));
    if (!hasBegun) rmSync(join(folder, run), { recursive: true, force: true });
    const before = linesOfMetrics(folder, run);
    const { child, ended } = start(folder, hasBegun ? resume(run) : train(run, ...words));
    let isOver = false;
    void ended.then(() => {
      isOver = true;
    });
    while (!isOver && linesOfMetrics(folder, run) <= before) await wait(5);
    await wait(150 * random.uniform());
    child.kill("SIGKILL");
    const { signal, status, stderr } = await ended;
    if (signal === "SIGKILL") whileStepping++;
    else expect(status, stderr).toBe(0);
  }
  const ended = await residual(folder, resume(run));
  expect(ended.status, ended.stderr).toBe(0);
  return whileStepping;
};

test("bf16, averages, mixup and cutmix, accumulation, from JPEG files: killed three times, the bytes are the unbroken run's", {
  timeout: 180_000,
}, async () => {
  const unbroken = await residual(folder, train("unbroken", "--workers", "0", "--choices", "rules"));
  expect(unbroken.status, unbroken.stderr).toBe(0);
  expect(await killed("killed", 3, 1, "--workers", "1", "--choices", "rules")).toBeGreaterThan(0);
  expect(outcome("killed")).toEqual(outcome("unbroken"));
});

test("with choices that were measured, which the resumed run makes again", { timeout: 180_000 }, async () => {
  const unbroken = await residual(folder, train("measured", "--workers", "0", "--choices", "measured"));
  expect(unbroken.status, unbroken.stderr).toBe(0);
  expect(existsSync(join(folder, "measured", "choices.json"))).toBe(true);
  const before = (): string => readFileSync(join(folder, "measured-killed", "choices.json"), "utf8");
  expect(await killed("measured-killed", 1, 2, "--workers", "0", "--choices", "measured")).toBe(1);
  // Both runs were of this machine and its cache of choices, so they chose alike; the file is what a resume goes by.
  expect(JSON.parse(before())).toEqual(JSON.parse(readFileSync(join(folder, "measured", "choices.json"), "utf8")));
  expect(outcome("measured-killed")).toEqual(outcome("measured"));
});
