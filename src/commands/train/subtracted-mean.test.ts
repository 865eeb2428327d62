// A training with the mean of each pixel, from the recipe to the file of the weights and its evaluation.
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { pixelMean } from "../../data/pixel-mean.ts";
import { readMemory } from "../../data/reader.ts";
import { recipe } from "../../train/parse-recipe.ts";
import { madeUpEnvironment, syntheticData, tinySpec } from "../environment.test.fixture.ts";
import { evaluate } from "../evaluate.ts";
import { train } from "../train.ts";

const pixels = recipe({
  name: "pixels",
  batch: 20,
  epochs: 1,
  optimizer: { kind: "sgd" },
  schedule: { kind: "constant", learningRate: 0.05 },
  subtractedMean: "pixel",
  augmentation: {
    pad: 1,
    policy: { kind: "trivial-augment", interpolation: "nearest", fill: "black" },
    colour: { brightness: 0.4, contrast: 0.4, saturation: 0, hue: 0 },
  },
});

test("the mean of each pixel is kept with the weights, and subtracted in evaluation", async () => {
  const cwd = await mkdtemp(join(tmpdir(), "residual-subtracted-mean-"));
  try {
    await writeFile(join(cwd, "tiny.json"), JSON.stringify(tinySpec(3)));
    const environment = madeUpEnvironment(cwd);
    const given = { data: "synthetic", model: "tiny.json", recipe: pixels, workers: 0, out: "run" } as const;
    const outcome = await train({ ...given, engine: "reference" }, environment);
    if (outcome.kind !== "end" || syntheticData.train.kind !== "memory") throw new Error(`ended as ${outcome.kind}`);
    const expected = pixelMean(readMemory(syntheticData.train));
    expect(new Set(expected).size).toBeGreaterThan(100); // of 144 places
    expect(outcome.model.preprocessing?.pixelMean).toEqual(expected);
    const { document } = await evaluate({ weights: "run", engine: "reference", data: "synthetic" }, environment);
    expect([document.top1, document.loss]).toEqual([outcome.end.testAccuracy, outcome.end.loss]);
  } finally {
    await rm(cwd, { recursive: true, force: true });
  }
});
