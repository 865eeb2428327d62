import { describe, expect, test } from "vitest";
import { allocateSlots, loaderBytes } from "./batch.ts";
import { createGate, isOpen } from "./gate.ts";
import { type Job, openRing, type RingOptions } from "./ring.ts";

const preprocessing = { size: [2, 3], channels: 1, mean: [0], deviation: [1] } as const;
const jobAt = (k: number): Job => ({ epoch: 0, step: k, indices: Int32Array.of(k) });

/** A ring whose jobs finish when the test says so; `begun` lists [step, slot]. */
const manualRing = (change: Partial<RingOptions> = {}) => {
  const begun: [number, number][] = [];
  const finish = new Map<number, { done: () => void; fail: (error: Error) => void }>();
  let disposals = 0;
  const ring = openRing({
    slots: allocateSlots({ preprocessing, batch: 1, slots: 2 }),
    jobAt,
    jobs: Number.POSITIVE_INFINITY,
    ahead: true,
    gate: null,
    signal: undefined,
    preparer: {
      prepare: ({ step }, slot) => {
        begun.push([step, slot]);
        return new Promise((resolve, fail) => {
          const done = () => resolve({ indices: Int32Array.of(step), broken: [] });
          finish.set(step, { done, fail });
        });
      },
      dispose: async () => {
        disposals += 1;
      },
    },
    ...change,
  });
  return { ring, begun, finish: (k: number) => finish.get(k)!, disposals: () => disposals };
};
const settled = () => new Promise((resolve) => setImmediate(resolve));

describe("openRing", () => {
  test("begins as many batches as it has slots, and the next when one is released", async () => {
    const { ring, begun, finish } = manualRing();
    expect(begun).toEqual([
      [0, 0],
      [1, 1],
    ]);
    finish(0).done();
    const batch = (await ring.next())!;
    expect(begun.length).toBe(2);
    batch.release();
    batch.release(); // twice is once
    expect(begun).toEqual([
      [0, 0],
      [1, 1],
      [2, 0],
    ]);
  });

  test("opens its gate while a batch is awaited that isn't ready, and only then", async () => {
    const gate = createGate();
    const { ring, finish } = manualRing({ gate });
    expect(isOpen(gate)).toBe(false);
    const first = ring.next();
    expect(isOpen(gate)).toBe(true);
    finish(1).done(); // not the one that is awaited
    await settled();
    expect(isOpen(gate)).toBe(true);
    finish(0).done();
    const batch = (await first)!;
    expect(isOpen(gate)).toBe(false);
    const ready = ring.next();
    expect(isOpen(gate)).toBe(false);
    await ready;
    const third = ring.next(); // no slot is free
    expect(isOpen(gate)).toBe(true);
    batch.release();
    finish(2).fail(new Error("no memory"));
    await expect(third).rejects.toThrow("no memory");
    expect(isOpen(gate)).toBe(false);
  });

  test("shuts its gate when it is disposed while a batch is awaited", async () => {
    const gate = createGate();
    const { ring } = manualRing({ gate });
    const waiting = ring.next();
    await ring.dispose();
    await expect(waiting).rejects.toThrow("the loader was disposed");
    expect(isOpen(gate)).toBe(false);
  });

  test("hands batches out in order, whoever finishes first", async () => {
    const { ring, finish } = manualRing();
    finish(1).done();
    await settled();
    const both = [ring.next(), ring.next()];
    finish(0).done();
    expect((await Promise.all(both)).map((batch) => batch!.step)).toEqual([0, 1]);
  });

  test("waits for a slot when the caller holds all of them", async () => {
    const { ring, begun, finish } = manualRing();
    finish(0).done();
    finish(1).done();
    const [first] = [await ring.next(), await ring.next()];
    const third = ring.next();
    await settled();
    expect(begun.length).toBe(2);
    first!.release();
    finish(2).done();
    expect((await third)!.step).toBe(2);
  });

  test("begins nothing before it is asked for when it isn't to work ahead", async () => {
    const { ring, begun, finish } = manualRing({ ahead: false });
    expect(begun).toEqual([]);
    const first = ring.next();
    expect(begun).toEqual([[0, 0]]);
    finish(0).done();
    (await first)!.release();
    expect(begun.length).toBe(1);
  });

  test("answers null after the last batch", async () => {
    const { ring, finish } = manualRing({ jobs: 1 });
    finish(0).done();
    expect((await ring.next())!.step).toBe(0);
    expect(await ring.next()).toBeNull();
  });

  test("rejects the batch that failed, in its turn, and no other", async () => {
    const { ring, finish } = manualRing();
    finish(1).fail(new Error("broken image"));
    finish(0).done();
    const first = (await ring.next())!;
    expect(first.step).toBe(0);
    await expect(ring.next()).rejects.toThrow("broken image");
    first.release();
    finish(2).done();
    finish(3).done(); // in the slot of the batch that failed
    expect([(await ring.next())!.step, (await ring.next())!.step]).toEqual([2, 3]);
  });

  test("rejects with the signal's reason after an abort, also what is being waited for", async () => {
    const controller = new AbortController();
    const { ring } = manualRing({ signal: controller.signal });
    const waiting = ring.next();
    controller.abort(new Error("Ctrl-C"));
    await expect(waiting).rejects.toThrow("Ctrl-C");
    await expect(ring.next()).rejects.toThrow("Ctrl-C");
  });

  test("begins nothing when it is aborted from the start", async () => {
    const { ring, begun } = manualRing({ signal: AbortSignal.abort(new Error("too late")) });
    expect(begun).toEqual([]);
    await expect(ring.next()).rejects.toThrow("too late");
  });

  test("rejects what is waited for when it is disposed, and ends its preparer", async () => {
    const { ring, disposals } = manualRing();
    const waiting = ring.next();
    await ring.dispose();
    await expect(waiting).rejects.toThrow("the loader was disposed");
    await expect(ring.next()).rejects.toThrow("the loader was disposed");
    expect(disposals()).toBe(1);
  });
});

describe("loaderBytes({ preprocessing, batch, slots })", () => {
  test("is what the slots take", () => {
    const size = { preprocessing, batch: 5, slots: 3 };
    const taken = allocateSlots(size).reduce(
      (sum, { images, labels }) => sum + images.data.byteLength + labels.data.byteLength,
      0,
    );
    expect(loaderBytes(size)).toBe(taken);
  });
});
