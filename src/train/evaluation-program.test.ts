import { describe, expect, test } from "vitest";
import { openEvaluationLoader } from "../data/node/loader.ts";
import { syntheticSource } from "../data/synthetic.ts";
import { createReferenceEngine } from "../engine/reference/engine.ts";
import { evaluate, type LogitsFor } from "../evaluate/evaluate.ts";
import { initialTensors } from "../model/initial-tensors.ts";
import { parseSpec } from "../spec/parse-spec.ts";
import { evaluationPrograms } from "./evaluation-program.ts";

const source = syntheticSource({ images: 10, shape: [1, 4, 4], classes: 3, seed: 1 });
const preprocessing = { size: [4, 4], channels: 1, mean: [0.5], deviation: [0.25] } as const;
const openBatches = (batch: number) => () => openEvaluationLoader({ source, batch, preprocessing, workers: 0 });

/** Sure of class 0 for every image. */
const alwaysFirst: LogitsFor = async ([batch]) => {
  const data = Float32Array.from({ length: batch * 3 }, (_, i) => (i % 3 === 0 ? 5 : 0));
  return async () => ({ dtype: "f32", shape: [batch, 3], data });
};

describe("evaluate(options)", () => {
  test("counts every image once, the rest of a last batch not at all", async () => {
    // The padding of the last batch, two places, would be images of class 0 that are always right.
    const progress: number[] = [];
    const result = await evaluate({
      split: "test",
      source,
      openBatches: openBatches(4),
      logitsFor: alwaysFirst,
      onProgress: (images) => progress.push(images),
    });
    expect(progress).toEqual([4, 8, 10]);
    expect([result.split, result.n]).toEqual(["test", 10]);
    // Labels are i mod 3: four images of class 0, three of each other.
    expect(result.top1).toMatchObject({ value: 0.4, n: 10, unit: "fraction" });
    expect(result.top5.value).toBe(1);
    expect(result.perClass.map((metric) => metric?.value)).toEqual([1, 0, 0]);
    expect([...result.confusion.counts]).toEqual([4, 0, 0, 3, 0, 0, 3, 0, 0]);
    const right = Math.log(1 + 2 * Math.exp(-5));
    expect(result.loss.value).toBeCloseTo((4 * right + 6 * (right + 5)) / 10, 6);
  });

  test("gives the same logits whatever the batch, in the source's order", async () => {
    const spec = parseSpec(
      {
        name: "tiny",
        input: [1, 4, 4],
        classes: 3,
        stem: { width: 4, kernel: 3, stride: 1, pool: null },
        stages: [{ blocks: 1, width: 4, stride: 1 }],
        block: "basic",
        shortcut: "A",
      },
      "tiny",
    );
    const engine = await createReferenceEngine();
    const state = await engine.createState(initialTensors(spec, 1));
    const { logitsFor, dispose } = evaluationPrograms(engine, spec, state);
    const results = [];
    for (const batch of [1, 4, 10, 16]) {
      results.push(await evaluate({ split: "test", source, openBatches: openBatches(batch), logitsFor }));
    }
    for (const { logits, labels } of results) {
      expect(logits).toEqual(results[0]?.logits);
      expect(labels).toEqual(source.labels);
    }
    expect(new Set(results[0]?.logits.data).size).toBeGreaterThan(20);
    await dispose();
    await engine.dispose();
  });

  test("stops after the batch under way when it is aborted, and disposes of the loader", async () => {
    const controller = new AbortController();
    let disposed = false;
    const attempt = evaluate({
      split: "test",
      source,
      openBatches: () => {
        const { next, dispose } = openBatches(4)();
        return {
          next,
          dispose: async () => {
            disposed = true;
            await dispose();
          },
        };
      },
      logitsFor: alwaysFirst,
      onProgress: () => controller.abort(new Error("stopped")),
      signal: controller.signal,
    });
    await expect(attempt).rejects.toThrow("stopped");
    expect(disposed).toBe(true);
  });
});
