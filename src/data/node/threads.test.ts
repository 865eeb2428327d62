import { describe, expect, onTestFinished, test } from "vitest";
import { preprocessingOf } from "../preprocessing.ts";
import { syntheticSource } from "../synthetic.ts";
import { openThreads } from "./threads.ts";

const setup = {
  source: syntheticSource({ images: 4, shape: [1, 2, 2], classes: 2, seed: 1 }),
  preparation: {
    preprocessing: preprocessingOf([1, 2, 2], { mean: [0], deviation: [1] }),
    augmentation: null,
    seed: 1,
    broken: "replace" as const,
  },
  slots: [{ images: new Float32Array(new SharedArrayBuffer(64)), labels: new Int32Array(new SharedArrayBuffer(16)) }],
  gate: null,
  ordersAtOnce: 1,
};
const job = { epoch: 3, step: 7, indices: Int32Array.of(0, 1) };
const program = (code: string) => new URL(`data:text/javascript,${encodeURIComponent(code)}`);

const open = (code?: string) => {
  const threads = openThreads(1, setup, code === undefined ? {} : { program: program(code) });
  onTestFinished(() => threads.dispose());
  return threads;
};

describe("openThreads(count, setup)", () => {
  test("fills the slot", async () => {
    await open().prepare(job, 0);
    expect([...setup.slots[0]!.labels]).toEqual([0, 1, 0, 0]);
    expect(setup.slots[0]!.images[0]).toBe(Math.fround(setup.source.pixels[0]! / 255));
  });
  test("rejects with the worker's name, epoch and step when a batch can't be prepared, and goes on", async () => {
    const threads = open();
    await expect(threads.prepare({ ...job, indices: Int32Array.of(99) }, 0)).rejects.toThrow(
      "data worker 1 of 1 failed at epoch 3, step 7: image 99 of a source of 4",
    );
    await threads.prepare(job, 0);
  });
  test("rejects open and later orders when every worker ends", async () => {
    const threads = open("process.exit(3)");
    const message =
      "data worker 1 of 1 ended with exit code 3 before its work was done; so it went with the 3 before it";
    await expect(threads.prepare(job, 0)).rejects.toThrow(message);
    await expect(threads.prepare(job, 0)).rejects.toThrow(message);
  });
  test("rejects open orders when every worker throws outside of an order", async () => {
    await expect(open("throw new Error('no memory')").prepare(job, 0)).rejects.toThrow(
      "data worker 1 of 1 failed: no memory before its work was done; so it went with the 3 before it",
    );
  });
  test("leaves no thread behind when it is disposed", async () => {
    const threadsNow = () => process.getActiveResourcesInfo().filter((kind) => kind === "MessagePort").length;
    const before = threadsNow();
    const threads = openThreads(2, setup);
    await threads.prepare(job, 0);
    expect(threadsNow()).toBeGreaterThan(before);
    await threads.dispose();
    await threads.dispose(); // twice is once
    expect(threadsNow()).toBe(before);
  });
});
