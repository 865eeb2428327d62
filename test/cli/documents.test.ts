// What each command prints on stdout for programs, and that people's lines are on stderr alone.
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import {
  imageBytes,
  makeFolder,
  residual,
  side,
  tinyRecipe,
  tinySpec,
  writeJson,
  writeTinyData,
} from "./command-line.ts";

const fraction = z.number().min(0).max(1);
const count = z.int().nonnegative();
const shape = z.tuple([count, count, count]);

let folder = "";
let remove = async (): Promise<void> => {};
let lines: readonly unknown[] = [];
beforeAll(async () => {
  ({ folder, remove } = await makeFolder());
  writeTinyData(folder);
  writeJson(folder, "tiny.json", tinySpec);
  writeJson(folder, "recipe.json", tinyRecipe(4, 6));
  const words = ["train", "tiny-data", "--model", "tiny.json", "--recipe", "recipe.json", "--threads", "1", "--json"];
  const ended = await residual(folder, [...words, "--validation", "9", "--out", "run"]);
  expect(ended.stderr).toBe("");
  expect(ended.status).toBe(0);
  lines = ended.stdout
    .trimEnd()
    .split("\n")
    .map((line): unknown => JSON.parse(line));
  for (const i of [0, 1]) {
    const image = sharp(imageBytes(60 + i), { raw: { width: side, height: side, channels: 1 } });
    await image.png().toFile(join(folder, `picture${i}.png`));
  }
});
afterAll(() => remove());

/** Runs a command with --json, and parses its one document. */
const documentOf = async <T>(schema: z.ZodType<T>, ...words: readonly string[]): Promise<T> => {
  const { status, stdout, stderr } = await residual(folder, [...words, "--json"]);
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  expect(stdout.endsWith("\n") && stdout.indexOf("\n") === stdout.length - 1).toBe(true);
  return schema.parse(JSON.parse(stdout));
};

describe("--json", () => {
  test("models: an array of named networks", async () => {
    const entry = z.strictObject({
      name: z.string(),
      family: z.string(),
      parameters: count,
      macs: count,
      input: shape,
      classes: count,
    });
    const models = await documentOf(z.array(entry), "models");
    expect(models.find(({ name }) => name === "resnet20")).toMatchObject({ input: [3, 32, 32], parameters: 269_722 });
  });

  test("summary: the layers of a name, a spec file, a run", async () => {
    const layer = z.strictObject({
      name: z.string(),
      op: z.string(),
      output: z.array(count),
      parameters: count,
      macs: count,
    });
    const schema = z.strictObject({ name: z.string(), parameters: count, macs: count, layers: z.array(layer) });
    expect((await documentOf(schema, "summary", "resnet-18", "--classes", "10")).parameters).toBe(11_181_642);
    const ofFile = await documentOf(schema, "summary", "tiny.json");
    expect(await documentOf(schema, "summary", "run")).toEqual(ofFile);
    expect(ofFile.layers.reduce((sum, { parameters }) => sum + parameters, 0)).toBe(ofFile.parameters);
  });

  test("train: one object a line, the last one the end with the test's figures", async () => {
    const step = z.object({
      event: z.literal("step"),
      step: count,
      epoch: count,
      loss: z.number(),
      accuracy: fraction,
      learningRate: z.number(),
      imagesPerSecond: z.number(),
      secondsLeft: z.number(),
    });
    const epoch = z.object({
      event: z.literal("epoch"),
      epoch: count,
      trainLoss: z.number(),
      trainAccuracy: fraction,
      validationAccuracy: fraction,
    });
    const end = z.strictObject({
      event: z.literal("end"),
      epochs: z.literal(4),
      step: z.literal(20),
      testAccuracy: fraction,
      testAccuracyInterval: z.tuple([fraction, fraction]),
      top5: fraction,
      loss: z.number(),
      imagesPerSecond: z.number().positive(),
      seconds: z.number().positive(),
      checkpoint: z.string(),
    });
    const of = (name: string) =>
      lines.filter((line) => z.looseObject({ event: z.literal(name) }).safeParse(line).success);
    // 60 − 9 = 51 training images make five batches of 10 an epoch.
    expect(z.array(step).parse(of("step"))).toHaveLength(20);
    expect(z.array(epoch).parse(of("epoch"))).toHaveLength(4);
    expect(end.parse(lines.at(-1)).testAccuracy).toBeGreaterThan(1 / 3);
    expect(of("estimate")).toHaveLength(1);
  });

  test("train: the run directory holds its record with results, metrics, and the report with its pictures", async () => {
    const record: unknown = JSON.parse(await readFile(join(folder, "run", "run.json"), "utf8"));
    expect(record).toMatchObject({
      engine: "onednn",
      threads: 1,
      seed: 5,
      data: { name: "tiny-data" },
      recipe: { data: join(folder, "tiny-data"), validationImages: 9 },
      results: { epochs: 4, step: 20, testImages: 30 },
    });
    const metrics = (await readFile(join(folder, "run", "metrics.jsonl"), "utf8")).trimEnd().split("\n");
    expect(metrics).toHaveLength(24);
    expect(await readFile(join(folder, "run", "report.html"), "utf8")).toContain("tiny on tiny-data");
    const picture = await readFile(join(folder, "run", "confusion.png"));
    expect([...picture.subarray(1, 4)]).toEqual([0x50, 0x4e, 0x47]);
  });

  test("train --resume of a finished run: evaluates it again, and trains no more", async () => {
    const { status, stdout, stderr } = await residual(folder, ["train", "--resume", "run", "--json"]);
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    const again = stdout
      .trimEnd()
      .split("\n")
      .map((line): unknown => JSON.parse(line));
    const timed = z.looseObject({ seconds: z.number().positive(), imagesPerSecond: z.number().positive() });
    const { seconds: _, imagesPerSecond: __, ...end } = timed.parse(again.at(-1));
    expect(lines.at(-1)).toMatchObject(end);
    expect(again).not.toContainEqual(expect.objectContaining({ event: "step" }));
  });

  test("train --dry-run: the estimate alone, and nothing is written", async () => {
    const words = ["train", "tiny-data", "--model", "tiny.json", "--batch", "10", "--threads", "1", "--dry-run"];
    const { status, stdout } = await residual(folder, [...words, "--out", "dry", "--json"]);
    expect(status).toBe(0);
    const [data, estimate, ...more] = stdout
      .trimEnd()
      .split("\n")
      .map((line): unknown => JSON.parse(line));
    expect(data).toMatchObject({ event: "data", trainImages: 60 });
    const bytes = z.int().positive();
    const schema = z.object({
      event: z.literal("estimate"),
      arenaBytes: bytes,
      stateBytes: bytes,
      loaderBytes: bytes,
      totalBytes: bytes,
      secondsPerEpoch: z.number().positive(),
    });
    schema.parse(estimate);
    expect(more).toEqual([]);
    await expect(readFile(join(folder, "dry", "run.json"))).rejects.toThrow("ENOENT");
  });

  test("evaluate: fractions and nats, the same as the training's own evaluation", async () => {
    const interval = z.tuple([z.number(), z.number()]);
    const schema = z.strictObject({
      split: z.literal("test"),
      n: z.literal(30),
      broken: z.literal(0),
      top1: fraction,
      top5: fraction,
      loss: z.number(),
      top1Error: fraction,
      top5Error: fraction,
      intervals: z.strictObject({ top1: interval, top5: interval, loss: interval }),
      protocol: z.strictObject({
        name: z.literal("own"),
        tta: z.tuple([]),
        views: z.literal(1),
        size: z.tuple([count, count]),
        shorterSides: z.array(count),
      }),
      calibration: z.looseObject({ ece: fraction, mce: fraction, brier: z.number(), n: z.literal(30) }),
      perClass: z
        .array(
          z.strictObject({
            label: count,
            name: z.string(),
            n: count,
            top1: fraction.nullable(),
            interval: interval.nullable(),
          }),
        )
        .length(3),
      confused: z.array(z.strictObject({ label: count, predicted: count, images: count })),
    });
    const evaluated = await documentOf(schema, "evaluate", "run", "tiny-data", "--threads", "1");
    const end = z.looseObject({ testAccuracy: z.number(), loss: z.number() }).parse(lines.at(-1));
    expect(evaluated.top1).toBe(end.testAccuracy);
    expect(evaluated.loss).toBeCloseTo(end.loss, 5);
  });

  test("predict: each picture with its likeliest classes, surest first, the same on both engines", async () => {
    const prediction = z.strictObject({ index: count, label: z.string(), probability: fraction });
    const schema = z.array(z.strictObject({ file: z.string(), predictions: z.array(prediction) }));
    const words = ["predict", "run", "picture0.png", "picture1.png"];
    const named = await documentOf(schema, ...words, "--threads", "1");
    expect(named.map(({ file }) => file)).toEqual(["picture0.png", "picture1.png"]);
    for (const { predictions } of named) {
      expect(predictions).toHaveLength(3);
      expect(predictions[0]!.probability).toBeGreaterThanOrEqual(predictions[1]!.probability);
      expect(predictions.reduce((sum, { probability }) => sum + probability, 0)).toBeCloseTo(1, 5);
    }
    const byDefinition = await documentOf(schema, ...words, "--engine", "reference", "--top", "1");
    byDefinition.forEach(({ predictions: [only, ...none] }, i) => {
      expect(none).toEqual([]);
      expect(only?.label).toBe(named[i]!.predictions[0]!.label);
      expect(only?.probability).toBeCloseTo(named[i]!.predictions[0]!.probability, 4);
    });
  });

  test("init: a file that evaluate and train take", async () => {
    const schema = z.strictObject({ file: z.string(), tensors: count, parameters: count });
    const made = await documentOf(schema, "init", "tiny.json", "fresh.safetensors", "--seed", "3");
    expect(made).toEqual({ file: join(folder, "fresh.safetensors"), tensors: 17, parameters: 967 });
    const { status } = await residual(folder, ["evaluate", "fresh.safetensors", "tiny-data", "--threads", "1"]);
    expect(status).toBe(0);
  });

  test("bench: the speed's spread, and what share of the roof it is", async () => {
    const positive = z.number().positive();
    const schema = z.looseObject({
      imagesPerSecond: z.object({ median: positive, min: positive, max: positive, n: count }),
      gflops: positive,
      roofFraction: positive,
      hardware: z.looseObject({ cpu: z.string() }),
      implementations: z.array(z.strictObject({ node: z.string(), implementation: z.string() })),
    });
    const words = ["bench", "infer", "--model", "resnet20", "--batch", "4", "--seconds", "0.5", "--threads", "1"];
    expect((await documentOf(schema, ...words)).imagesPerSecond.n).toBeGreaterThan(0);
  });

  test("doctor: engines and data, there or not, with reasons", async () => {
    const schema = z.looseObject({
      engines: z.array(
        z.strictObject({
          name: z.string(),
          available: z.boolean(),
          version: z.string().nullable(),
          reason: z.string().nullable(),
        }),
      ),
    });
    const { engines } = await documentOf(schema, "doctor");
    expect(engines.find(({ name }) => name === "reference")).toMatchObject({ available: true });
  });
});

describe("without --json", () => {
  test("people's tables are on stderr, and stdout is empty", async () => {
    const { stdout, stderr, status } = await residual(folder, ["models"]);
    expect({ stdout, status }).toEqual({ stdout: "", status: 0 });
    expect(stderr).toMatch(/^ResNet +resnet18 +11,689,512 +1\.81\sG +\[3, 224, 224\] +1,000$/m);
  });

  test("a second run of the same recipe gets a number", async () => {
    await writeFile(join(folder, "quick.json"), JSON.stringify({ ...tinyRecipe(1, 100), name: "quick" }));
    const words = ["train", "tiny-data", "--model", "tiny.json", "--recipe", "quick.json", "--threads", "1"];
    const first = await residual(folder, words);
    expect(first.stderr).toContain(join(folder, "runs", "quick\n"));
    expect(first.stderr).toContain("test accuracy");
    const second = await residual(folder, words);
    expect(second.stderr).toContain(join(folder, "runs", "quick-2\n"));
  });
});
