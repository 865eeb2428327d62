import { describe, expect, test } from "vitest";
import { randomPurposes, randomStream } from "../base/philox.ts";
import { sharedZeros, tensor } from "../base/tensor.ts";
import { openEvaluationLoader } from "../data/node/loader.ts";
import { syntheticSource } from "../data/synthetic.ts";
import type { Engine } from "../engine/contract.ts";
import { createReferenceEngine } from "../engine/reference/engine.ts";
import { evaluate, type LogitsFor } from "../evaluate/evaluate.ts";
import type { Logits } from "../evaluate/logits.ts";
import { initialTensors } from "../model/initial-tensors.ts";
import { parseSpec } from "../spec/parse-spec.ts";
import { evaluationPrograms } from "./evaluation-program.ts";

const source = syntheticSource({ images: 10, shape: [1, 4, 4], classes: 3, seed: 1 });
const preprocessing = { size: [4, 4], channels: 1, mean: [0.5], deviation: [0.25] } as const;
const openBatches = (batch: number) => () => openEvaluationLoader({ source, batch, preprocessing, workers: 0 });

const tiny = parseSpec(
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
const randomImages = (images: number): Float32Array => {
  const { normal } = randomStream(3, randomPurposes.synthetic);
  return Float32Array.from({ length: images * 16 }, normal);
};

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
    const engine = await createReferenceEngine();
    const state = await engine.createState(initialTensors(tiny, 1));
    const { logitsFor, dispose } = evaluationPrograms(engine, tiny, state);
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

  test("serves any number of images with a few programs, each image's logits the same in every company", async () => {
    const engine = await createReferenceEngine();
    const state = await engine.createState(initialTensors(tiny, 1));
    let compiled = 0;
    const counting: Engine = {
      name: engine.name,
      fusions: engine.fusions,
      bf16: engine.bf16,
      int8: engine.int8,
      threads: engine.threads,
      createState: (tensors) => engine.createState(tensors),
      compile: (plan, over) => {
        compiled++;
        return engine.compile(plan, over);
      },
      dispose: () => engine.dispose(),
    };
    const { logitsFor, dispose } = evaluationPrograms(counting, tiny, state);
    const images = randomImages(40);
    const logitsOf = async (n: number): Promise<Logits> =>
      (await logitsFor([n, 1, 4, 4]))(tensor("f32", [n, 1, 4, 4], images.slice(0, n * 16)));
    const all = (await logitsOf(40)).data.slice();
    expect(compiled).toBe(1);
    for (let n = 1; n <= 40; n++) {
      const { shape, data } = await logitsOf(n);
      expect(shape).toEqual([n, 3]);
      expect(data).toEqual(all.subarray(0, n * 3));
    }
    expect(compiled).toBe(1 + 6); // 40 itself; 1, 2, 4 … 32
    await dispose();
    await engine.dispose();
  });

  test("compiles again what an engine refused once, and disposes of every program that there is", async () => {
    const engine = await createReferenceEngine();
    const state = await engine.createState(initialTensors(tiny, 1));
    let refusals = 1;
    let alive = 0;
    const refusing: Engine = {
      name: engine.name,
      fusions: engine.fusions,
      bf16: engine.bf16,
      int8: engine.int8,
      threads: engine.threads,
      createState: (tensors) => engine.createState(tensors),
      compile: async (plan, over) => {
        const images = plan.graph.inputs[0]?.shape[0];
        if (images === 4 && refusals-- > 0) throw new Error("no memory for four images");
        const program = await engine.compile(plan, over);
        alive++;
        return {
          memory: program.memory,
          implementations: program.implementations,
          run: (inputs, part) => program.run(inputs, part),
          dispose: async () => {
            alive--;
            if (images === 8) throw new Error("eight images won't go");
            await program.dispose();
          },
        };
      },
      dispose: () => engine.dispose(),
    };
    const { logitsFor, dispose } = evaluationPrograms(refusing, tiny, state);
    await logitsFor([1, 1, 4, 4]); // the first batch
    await expect(logitsFor([13, 1, 4, 4])).rejects.toThrow("no memory for four images"); // 8 + 4 + 1
    await (await logitsFor([13, 1, 4, 4]))(tensor("f32", [13, 1, 4, 4], randomImages(13)));
    expect(alive).toBe(3);
    refusals = 1;
    await expect(dispose()).rejects.toThrow("eight images won't go");
    expect(alive).toBe(0);

    const refused = evaluationPrograms(refusing, tiny, state);
    await expect(refused.logitsFor([4, 1, 4, 4])).rejects.toThrow("no memory for four images");
    await refused.dispose();
    await engine.dispose();
  });

  test("takes images from shared memory without asking for a copy of it", async () => {
    const engine = await createReferenceEngine();
    const state = await engine.createState(initialTensors(tiny, 1));
    const { logitsFor, dispose } = evaluationPrograms(engine, tiny, state);
    const images = sharedZeros("f32", [7, 1, 4, 4]);
    images.data.set(randomImages(7));
    await logitsFor([2, 1, 4, 4]); // the first batch: 7 is taken apart
    const shared = (await (await logitsFor([7, 1, 4, 4]))(images)).data.slice();
    const ownMemory = tensor("f32", images.shape, images.data.slice());
    expect((await (await logitsFor([7, 1, 4, 4]))(ownMemory)).data).toEqual(shared);
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
