// Workers that end, fail or stand still: another takes the place, the batches are the same bytes, and it is told.
import { describe, expect, onTestFinished, test } from "vitest";
import { noAugmentation } from "../augmentation.ts";
import { createGate, type Gate, openGate } from "../gate.ts";
import { photographPreprocessing } from "../photographs.ts";
import { createPrepare, type Prepared } from "../prepare.ts";
import { inceptionCrop } from "../random-crop.ts";
import { filesSource } from "../source.ts";
import { jpeg, writeFiles } from "./image-folder.test.fixture.ts";
import type { Misfortune } from "./lost-worker.test.fixture.ts";
import { openReader } from "./readers.ts";
import { temporaryDirectory } from "./temporary-directory.test.fixture.ts";
import { openThreads, type ReplacedWorker } from "./threads.ts";

const images = 8;
const batch = 4;
const elements = 3 * 16 * 16;

const source = async () => {
  const files: Record<string, Uint8Array> = {};
  for (let i = 0; i < images; i++) files[`${i}.jpg`] = await jpeg(20 + i, 24, i);
  const paths = Object.keys(files);
  const labels = paths.map((_, i) => i % 3);
  return filesSource(await writeFiles(await temporaryDirectory(), files), paths, labels);
};
const plain = {
  preprocessing: photographPreprocessing([3, 16, 16]),
  augmentation: { ...noAugmentation, crop: inceptionCrop, flip: true },
  seed: 4,
  broken: "replace" as const,
};
const slot = () => ({
  images: new Float32Array(new SharedArrayBuffer(4 * batch * elements)),
  labels: new Int32Array(new SharedArrayBuffer(4 * batch)),
});
const jobs = [
  { epoch: 0, step: 0, indices: Int32Array.of(0, 1, 2, 3) },
  { epoch: 0, step: 1, indices: Int32Array.of(4, 5, 6, 7) },
  { epoch: 1, step: 0, indices: Int32Array.of(5, 3, 1, 7) },
];

/**
 * Prepares all jobs at once with workers that something befalls; gives the bytes of each batch, and what was told. Time does not pass until
 * one of them stands still and the others have done all else: however slow the machine is, no other stands still.
 */
const prepareWith = async (
  workers: number,
  of: Omit<Misfortune, "left">,
  times: number,
  { gate = null }: { readonly gate?: Gate | null } = {},
) => {
  const slots = jobs.map(slot);
  const left = new Int32Array(new SharedArrayBuffer(8));
  left[0] = times;
  const preparation = { ...plain, misfortune: { ...of, left } satisfies Misfortune };
  const told: ReplacedWorker[] = [];
  const program = new URL("./lost-worker.test.fixture.js", import.meta.url);
  const setup = { source: await source(), preparation, slots, gate, ordersAtOnce: 2 };
  const open = new Set(jobs.keys());
  /** Orders go to the worker with the fewest, so in turn. */
  const workerOf = (job: number): number => job % workers;
  const startTicking = (tick: () => void) => {
    const timer = setInterval(() => {
      const still = Atomics.load(left, 1) - 1;
      if (of.kind !== "stand still" || still < 0 || told.length > 0) return;
      if ([...open].every((job) => workerOf(job) === workerOf(still))) tick();
    }, 10);
    return () => clearInterval(timer);
  };
  const watched = { program, stallMs: 4000, startTicking, onReplaced: (one: ReplacedWorker) => told.push(one) };
  const threads = openThreads(workers, setup, watched);
  onTestFinished(() => threads.dispose());
  const prepared = await Promise.all(
    jobs.map(async (job, i) => {
      const batch = await threads.prepare(job, i);
      open.delete(i);
      return batch;
    }),
  );
  return { prepared, slots, told };
};

const inline = async () => {
  const prepare = createPrepare(openReader(await source()), plain);
  const slots = jobs.map(slot);
  const prepared: Prepared[] = [];
  for (const [i, { indices, epoch }] of jobs.entries()) prepared.push(await prepare(indices, epoch, slots[i]!));
  return { prepared, slots };
};

describe("openThreads(count, setup) with workers that are lost", { timeout: 120_000 }, () => {
  test.each([
    [1, "end", "ended with exit code 9"],
    [2, "end", "ended with exit code 9"],
    [1, "throw", "failed: no memory"],
    [2, "stand still", "stood still for 4 s"],
  ] as const)(
    "%i workers, one of which does %s: the same bytes, and one line that names it",
    async (workers, kind, what) => {
      const expected = await inline();
      const { prepared, slots, told } = await prepareWith(workers, { image: 5, kind }, 1);
      expect(prepared).toEqual(expected.prepared);
      expect(slots).toEqual(expected.slots);
      expect(told.map(({ replaced }) => replaced)).toEqual([1]);
      const [one] = told;
      expect(one?.message).toMatch(
        new RegExp(`^data worker \\d of ${workers} ${what} at epoch 0, step \\d, .*5\\.jpg.*; another took its place$`),
      );
    },
  );

  test("an image at which workers end again and again counts as broken: another takes its place", async () => {
    const { prepared, told } = await prepareWith(1, { image: 5, kind: "end" }, 1000);
    const [broken] = prepared[1]?.broken ?? [];
    expect(broken?.image).toBe(5);
    expect(broken?.problem).toMatch(
      /^5\.jpg:? can't be decoded: twice the data worker that was at it ended with exit code 9$/,
    );
    expect([...(prepared[1]?.indices ?? [])].includes(5)).toBe(false);
    expect(prepared[0]).toEqual((await inline()).prepared[0]);
    expect(told.at(-1)?.message).toMatch(/; another took its place, and that image counts as broken$/);
    expect(told.length).toBeLessThanOrEqual(3);
  });

  test("one that ends while the gate is shut is replaced, and the other waits at the gate", async () => {
    const expected = await inline();
    const gate = createGate();
    const preparing = prepareWith(1, { image: 0, kind: "end" }, 1, { gate });
    const early = await Promise.race([preparing, new Promise((resolve) => setTimeout(() => resolve("waits"), 1500))]);
    expect(early).toBe("waits");
    openGate(gate);
    const { prepared, slots, told } = await preparing;
    expect(prepared).toEqual(expected.prepared);
    expect(slots).toEqual(expected.slots);
    expect(told.map(({ message }) => message)).toEqual([expect.stringContaining("ended with exit code 9")]);
  });

  test("one that stands still is replaced while the gate is open", async () => {
    const gate = createGate();
    openGate(gate);
    const { told } = await prepareWith(1, { image: 5, kind: "stand still" }, 1, { gate });
    expect(told.map(({ message }) => message)).toEqual([expect.stringContaining("stood still for 4 s")]);
  });
});
