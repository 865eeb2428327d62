// Batch norm's statistics estimated anew with the library alone, as its docstrings say.
import { expect, test } from "vitest";
import {
  type Batch,
  createReferenceEngine,
  fitPreprocessing,
  initialTensors,
  memorySource,
  openTrainingLoader,
  parseSpec,
  type Reestimation,
  type ReestimationOptions,
  reestimateStatistics,
} from "../src/index.ts";

const spec = parseSpec(
  {
    name: "tiny",
    input: [1, 8, 8],
    classes: 2,
    stem: { width: 4, kernel: 3, stride: 1, pool: null },
    stages: [{ blocks: 1, width: 8, stride: 2 }],
    block: "basic",
    shortcut: "A",
  },
  "tiny",
);
const source = memorySource(
  [1, 8, 8],
  Uint8Array.from({ length: 12 * 64 }, (_, i) => (i * 37) % 256),
  Array.from({ length: 12 }, (_, image) => image % 2),
);

test("a loader's next and stepsPerEpoch give statistics of each image once", async () => {
  const preprocessing = await fitPreprocessing(source, spec.input);
  const loader = openTrainingLoader({ source, preprocessing, augmentation: null, batch: 4, seed: 0, workers: 0 });
  const engine = await createReferenceEngine();
  const seen: number[] = [];
  const done: number[] = [];
  const options: ReestimationOptions = {
    engine,
    spec,
    tensors: initialTensors(spec, 1),
    batch: 4,
    batches: loader.stepsPerEpoch,
    nextBatch: async (): Promise<Batch> => {
      const batch = await loader.next();
      seen.push(...batch.indices);
      return batch;
    },
    onProgress: (batches) => done.push(batches),
  };
  try {
    const { tensors, largestMeanChange }: Reestimation = await reestimateStatistics(options);
    expect(seen.sort((a, b) => a - b)).toEqual(Array.from({ length: 12 }, (_, image) => image));
    expect(done).toEqual([1, 2, 3]);
    expect(largestMeanChange.deviations).toBeGreaterThan(0);
    expect(tensors.get("bn1.running_var")?.data.every((variance) => variance > 0)).toBe(true);
    await expect(reestimateStatistics({ ...options, signal: AbortSignal.abort(new Error("enough")) })).rejects.toThrow(
      "enough",
    );
  } finally {
    await loader.dispose();
    await engine.dispose();
  }
});
