import { expect, test } from "vitest";
import { batchSizes } from "./batch-sizes.ts";

test("batchSizes(images) has room for every image in powers of two, and wastes at most an eighth of the last", () => {
  const seen = new Set<number>();
  for (let images = 1; images <= 1000; images++) {
    const sizes = batchSizes(images);
    const last = sizes.at(-1) ?? 0;
    const room = sizes.reduce((sum, size) => sum + size, 0);
    expect(room).toBeGreaterThanOrEqual(images);
    expect(room - images).toBeLessThanOrEqual(last / 8);
    expect(sizes).toEqual(sizes.toSorted((a, b) => b - a));
    for (const size of sizes) seen.add(size);
  }
  expect([...seen].sort((a, b) => a - b)).toEqual([1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024]);
});

test("batchSizes pads where that is cheaper than another run", () => {
  expect(batchSizes(250)).toEqual([256]);
  expect(batchSizes(17)).toEqual([16, 1]);
  expect(batchSizes(13)).toEqual([8, 4, 1]);
  expect(batchSizes(14)).toEqual([16]);
  expect(batchSizes(1)).toEqual([1]);
});
