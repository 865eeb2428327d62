// Workers that wait at a gate: nothing is decoded while it is shut, and to wait there is no fault.
import { expect, onTestFinished, test } from "vitest";
import { createGate, openGate, shutGate } from "../gate.ts";
import { photographPreprocessing } from "../photographs.ts";
import { filesSource } from "../source.ts";
import { syntheticSource } from "../synthetic.ts";
import { jpeg, writeFiles } from "./image-folder.test.fixture.ts";
import { openEvaluationLoader, openTrainingLoader } from "./loader.ts";
import { temporaryDirectory } from "./temporary-directory.test.fixture.ts";
import { openThreads, type ReplacedWorker } from "./threads.ts";

const images = 8;
const preprocessing = photographPreprocessing([3, 16, 16]);
const after = (ms: number) => new Promise((resolve) => setTimeout(() => resolve("nothing"), ms));

const source = async () => {
  const files: Record<string, Uint8Array> = {};
  for (let i = 0; i < images; i++) files[`${i}.jpg`] = await jpeg(20 + i, 24, i);
  const paths = Object.keys(files);
  const labels = paths.map(() => 1);
  return filesSource(await writeFiles(await temporaryDirectory(), files), paths, labels);
};

const open = async (stallMs: number, ordersAtOnce: number) => {
  const slots = [0, 1].map(() => ({
    images: new Float32Array(new SharedArrayBuffer(4 * 4 * 3 * 16 * 16)),
    labels: new Int32Array(new SharedArrayBuffer(4 * 4)),
  }));
  const preparation = { preprocessing, augmentation: null, seed: 1, broken: "replace" as const };
  const gate = createGate();
  const told: ReplacedWorker[] = [];
  const setup = { source: await source(), preparation, slots, gate, ordersAtOnce };
  const threads = openThreads(1, setup, { stallMs, onReplaced: (one) => told.push(one) });
  onTestFinished(() => threads.dispose());
  const orders = [Int32Array.of(0, 1, 2, 3), Int32Array.of(4, 5, 6, 7)];
  const preparing = Promise.all(
    orders.map((indices, slot) => threads.prepare({ epoch: 0, step: slot, indices }, slot)),
  );
  preparing.catch(() => {}); // where a test disposes of the threads
  return { gate, told, threads, preparing, labels: () => slots.map(({ labels: [first] }) => first) };
};

test.each([1, 2])(
  "nothing is prepared while the gate is shut, %i orders at a time; that is no standing still",
  async (ordersAtOnce) => {
    const { gate, told, preparing, labels } = await open(3000, ordersAtOnce);
    expect(await Promise.race([preparing, after(4500)])).toBe("nothing");
    expect(labels()).toEqual([0, 0]);
    expect(told).toEqual([]);
    openGate(gate);
    await preparing;
    expect(labels()).toEqual([1, 1]);
    shutGate(gate);
  },
  30_000,
);

test("threads that wait at the gate can be disposed of", async () => {
  const { threads, preparing } = await open(60_000, 1);
  expect(await Promise.race([preparing, after(500)])).toBe("nothing");
  await threads.dispose();
});

/** Batches of an epoch and more, as they came; between them time passes in which nothing may be decoded. */
const batchesOf = async (of: Awaited<ReturnType<typeof source>>, takesTurns: boolean, workers: number) => {
  const options = { source: of, preprocessing, augmentation: null, batch: 2, seed: 3, workers, takesTurns };
  const loader = openTrainingLoader(options);
  onTestFinished(() => loader.dispose());
  const all: unknown[] = [];
  for (let k = 0; k < 6; k++) {
    const { indices, images: pixels, release } = await loader.next();
    all.push([...indices], pixels.data.slice());
    release();
  }
  return { all, takesTurns: loader.takesTurns };
};

test("a loader that takes turns gives the same bytes", async () => {
  const of = await source();
  const inline = await batchesOf(of, true, 0);
  expect(inline.takesTurns).toBe(false); // there is nobody to take turns with
  for (const workers of [1, 2]) {
    const gated = await batchesOf(of, true, workers);
    expect(gated).toEqual({ all: inline.all, takesTurns: true });
    expect(await batchesOf(of, false, workers)).toEqual(inline);
  }
}, 30_000);

test("images in memory are prepared without turns", async () => {
  const memory = syntheticSource({ images: 8, shape: [3, 16, 16], classes: 2, seed: 1 });
  const options = {
    source: memory,
    preprocessing,
    augmentation: null,
    batch: 2,
    seed: 3,
    workers: 1,
    takesTurns: true,
  };
  const loader = openTrainingLoader({
    ...options,
    preprocessing: { ...preprocessing, fit: { kind: "stretch", interpolation: "bilinear" } },
  });
  onTestFinished(() => loader.dispose());
  expect(loader.takesTurns).toBe(false);
  (await loader.next()).release();
});

test("an evaluation that takes turns comes to its end", async () => {
  const loader = openEvaluationLoader({
    source: await source(),
    preprocessing,
    batch: 3,
    workers: 2,
    takesTurns: true,
  });
  onTestFinished(() => loader.dispose());
  const seen: number[] = [];
  for (let batch = await loader.next(); batch !== null; batch = await loader.next()) {
    seen.push(...batch.indices);
    batch.release();
  }
  expect(seen).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
});

test("a training loader whose caller stops while the gate is open rejects, and ends", async () => {
  const controller = new AbortController();
  const loader = openTrainingLoader({
    ...{ source: await source(), preprocessing, augmentation: null, batch: 2, seed: 3, workers: 1, slots: 1 },
    ...{ takesTurns: true, signal: controller.signal },
  });
  await loader.next();
  const waiting = loader.next(); // the only slot is out
  controller.abort(new Error("Ctrl-C"));
  await expect(waiting).rejects.toThrow("Ctrl-C");
  await loader.dispose();
});
