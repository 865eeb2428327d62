import { describe, expect, test } from "vitest";
import { createReadAhead } from "./read-ahead.ts";

const settled = () => new Promise((resolve) => setImmediate(resolve));

/** Reads image i as i + 1 bytes; `reads` lists what was read in order. Images above 99 fail. */
const counted = (mostBytes: number) => {
  const reads: number[] = [];
  const ahead = createReadAhead(async (image) => {
    reads.push(image);
    await null;
    if (image > 99) throw new Error(`no image ${image}`);
    return new Uint8Array(image + 1);
  }, mostBytes);
  return { ahead, reads };
};

describe("createReadAhead(read, mostBytes)", () => {
  test("reads what is expected in order, each once", async () => {
    const { ahead, reads } = counted(1000);
    ahead.expect([3, 1]);
    ahead.expect([2]);
    await settled();
    expect(reads).toEqual([3, 1, 2]);
    for (const image of [3, 1, 2]) expect((await ahead.take(image)).length).toBe(image + 1);
    expect(reads).toEqual([3, 1, 2]);
  });
  test("stops when it holds enough, and goes on when something is taken", async () => {
    const { ahead, reads } = counted(10);
    ahead.expect([4, 5, 6, 7]);
    await settled();
    expect(reads).toEqual([4, 5]); // 5 + 6 bytes
    await ahead.take(4);
    await settled();
    expect(reads).toEqual([4, 5, 6]);
  });
  test("reads what wasn't expected, or not yet, when it is taken", async () => {
    const { ahead, reads } = counted(1);
    ahead.expect([4, 5]);
    expect((await ahead.take(9)).length).toBe(10);
    expect((await ahead.take(5)).length).toBe(6);
    expect((await ahead.take(4)).length).toBe(5);
    await settled();
    expect(reads).toEqual([4, 9, 5]);
  });
  test("an image of two batches is read for both", async () => {
    const { ahead } = counted(1000);
    ahead.expect([4, 4]);
    await settled();
    expect((await ahead.take(4)).length).toBe(5);
    expect((await ahead.take(4)).length).toBe(5);
  });
  test("an image taken while it is being read counts no bytes afterwards", async () => {
    const { ahead, reads } = counted(5);
    ahead.expect([4, 3, 2]);
    expect((await ahead.take(4)).length).toBe(5);
    await settled();
    expect(reads).toEqual([4, 3, 2]);
  });
  test("what can't be read fails when it is taken, and is read again the next time", async () => {
    const { ahead, reads } = counted(1000);
    ahead.expect([100, 1]);
    await settled();
    await expect(ahead.take(100)).rejects.toThrow("no image 100");
    expect((await ahead.take(1)).length).toBe(2);
    await expect(ahead.take(100)).rejects.toThrow("no image 100");
    expect(reads).toEqual([100, 1, 100]);
  });
});
