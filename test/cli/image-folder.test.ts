// The command line on a folder of photographs: train from scratch, evaluate, predict, resume; with a few damaged files among them.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { inEveryFormat, jpeg, writeFiles } from "../../src/data/node/image-folder.test.fixture.ts";
import { makeFolder, residual, tinySpec, writeJson } from "./command-line.ts";

let folder = "";
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

  test("says in one sentence what it can't train on", async () => {
    await writeFiles(folder, { "one/cats/a.jpg": await jpeg(20, 20, 1) });
    const refused = await residual(folder, ["train", "one", "--engine", "reference"]);
    expect([refused.status, refused.stderr]).toEqual([
      2,
      'error: one holds one class of images, "cats", but a network learns to tell at least two apart; put the images of each class into a folder of its own\n',
    ]);
  });
});
