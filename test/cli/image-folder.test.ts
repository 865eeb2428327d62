// The command line on a folder of photographs: train from scratch, evaluate, predict, resume; with a few damaged files among them.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { inEveryFormat, jpeg, writeFiles } from "../../src/data/node/image-folder.test.fixture.ts";
import { makeFolder, residual, tinySpec, writeJson } from "./command-line.ts";

let folder = "";
/** A data set with a damaged image in its training split. */
const trainedBroken = new Map<string, Uint8Array>();
let remove = async (): Promise<void> => {};
beforeAll(async () => {
  ({ folder, remove } = await makeFolder());
  const files: Record<string, Uint8Array | string> = {};
  for (let i = 0; i < 20; i++) {
    files[`photos/cats/${i}.jpg`] = await jpeg(30 + i, 24, i);
    files[`photos/dogs/deep/${i}.jpg`] = await jpeg(24, 30 + i, 100 + i);
  }
  files["photos/cats/empty.jpg"] = "";
  // Whole at both ends, so that the damage in between is found when it is decoded.
  const { "b.png": png = Buffer.alloc(0) } = await inEveryFormat();
  files["photos/dogs/broken.png"] = png.fill(0x55, 100, png.length - 40);
  for (let i = 0; i < 24; i++)
    trainedBroken.set(`broken/train/${i % 2 === 0 ? "a" : "b"}/${i}.jpg`, await jpeg(20, 20, i));
  for (const name of ["a", "b"]) trainedBroken.set(`broken/test/${name}/1.jpg`, await jpeg(20, 20, 90));
  trainedBroken.set("broken/train/b/broken.png", png);
  await writeFiles(folder, files);
  writeJson(folder, "tiny.json", { ...tinySpec, input: [3, 16, 16], classes: 2 });
  writeJson(folder, "recipe.json", {
    name: "tiny",
    batch: 8,
    epochs: 2,
    optimizer: { kind: "sgd" },
    schedule: { kind: "constant", learningRate: 0.05 },
    augmentation: { crop: { kind: "random-resized" }, flip: true },
    validationImages: 6,
  });
});
afterAll(() => remove());

/** What a run lists of broken images. */
const brokenOf = (run: string): readonly unknown[] =>
  readFileSync(join(folder, run, "broken-images.jsonl"), "utf8")
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));

const train = ["train", "photos", "--model", "tiny.json", "--recipe", "recipe.json", "--engine", "reference"] as const;

describe("residual train <folder>", () => {
  test("trains, tells what it found, and evaluates; its weights evaluate and predict; changed images are noticed", {
    timeout: 240_000,
  }, async () => {
    const run = await residual(folder, [...train, "--out", "run", "--json"]);
    expect(run.stderr).toContain("left out: cats/empty.jpg is empty: 0 bytes");
    expect(run.stderr).toContain("dogs/broken.png: is damaged: it can't be decoded (");
    expect(run.status).toBe(0);
    const lines: Record<string, unknown>[] = run.stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(lines.find(({ event }) => event === "data")).toMatchObject({
      name: "photos",
      trainImages: 28,
      validationImages: 6,
      testImages: 7, // the broken one among them
    });
    const end = lines.at(-1);
    expect(end).toMatchObject({ event: "end", epochs: 2, step: 6 });
    expect(brokenOf("run")).toEqual([
      { found: "opening", problem: "cats/empty.jpg is empty: 0 bytes" },
      { found: "evaluation", problem: expect.stringContaining("dogs/broken.png: is damaged") },
    ]);

    const evaluated = await residual(folder, ["evaluate", "run", "photos", "--engine", "reference", "--json"]);
    expect(evaluated.status).toBe(0);
    const document: unknown = JSON.parse(evaluated.stdout);
    expect(document).toMatchObject({ n: 6, broken: 1, top1: end?.testAccuracy });

    const predicted = await residual(folder, [
      "predict",
      "run",
      "photos/cats/0.jpg",
      "--engine",
      "reference",
      "--json",
    ]);
    expect(
      JSON.parse(predicted.stdout)[0]
        .predictions.map(({ label }: { label: string }) => label)
        .sort(),
    ).toEqual(["cats", "dogs"]);

    writeFileSync(join(folder, "photos", "cats", "0.jpg"), await jpeg(40, 40, 77));
    const resumed = await residual(folder, ["train", "--resume", "run", "--epochs", "3"]);
    expect(resumed.status).toBe(2);
    expect(resumed.stderr).toMatch(
      /was trained on photos with SHA-256 [0-9a-f]{64}, which has SHA-256 [0-9a-f]{64} in photos now; resume with the same data/,
    );
  });

  test("goes on bit-equal where an image of the training split is broken, and lists it once", {
    timeout: 240_000,
  }, async () => {
    await writeFiles(folder, Object.fromEntries(trainedBroken));
    const words = [
      "train",
      "broken",
      "--model",
      "tiny.json",
      "--recipe",
      "recipe.json",
      "--engine",
      "reference",
      "--validation",
      "0",
    ];
    const whole = await residual(folder, [...words, "--epochs", "3", "--out", "whole"]);
    expect([whole.status, whole.stderr]).toEqual([0, expect.stringContaining("other images take its place")]);
    expect((await residual(folder, [...words, "--epochs", "1", "--out", "parts"])).status).toBe(0);
    expect((await residual(folder, ["train", "--resume", "parts", "--epochs", "3"])).status).toBe(0);
    const weights = (run: string) => {
      const { step }: { step: number } = JSON.parse(readFileSync(join(folder, run, "latest.json"), "utf8"));
      return readFileSync(join(folder, run, "checkpoints", String(step), "model.safetensors"));
    };
    expect(weights("parts").equals(weights("whole"))).toBe(true);
    const listed = [{ found: "training", problem: expect.stringContaining("train/b/broken.png: is damaged") }];
    expect([brokenOf("whole"), brokenOf("parts")]).toEqual([listed, listed]);

    const strict = await residual(folder, [...words, "--out", "strict", "--strict"]);
    expect(strict.status).toBe(2);
    expect(strict.stderr).toContain("train/b/broken.png: is damaged: it can't be decoded (");
    expect(strict.stderr).toContain("--strict stops at the first image that can't be decoded");
    const refused = await residual(folder, ["evaluate", "run", "photos", "--engine", "reference", "--strict"]);
    expect([refused.status, refused.stderr]).toEqual([
      2,
      expect.stringContaining(
        "1 file of photos can't be used, and --strict allows none:\n  cats/empty.jpg is empty: 0 bytes",
      ),
    ]);
  });

  test("says in one sentence what it can't train on", async () => {
    await writeFiles(folder, { "one/cats/a.jpg": await jpeg(20, 20, 1) });
    const refused = await residual(folder, ["train", "one", "--engine", "reference"]);
    expect([refused.status, refused.stderr]).toEqual([
      2,
      'error: one holds one class of images, "cats", but a network learns to tell at least two apart; put the images of each class into a folder of its own\n',
    ]);
  });
});
