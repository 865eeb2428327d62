import { expect, test } from "vitest";
import { pixelMean } from "./pixel-mean.ts";
import { readMemory } from "./reader.ts";
import { memorySource } from "./source.ts";

test("pixelMean(reader) is the mean of each place, in the order of channels, rows and columns", () => {
  const source = memorySource([2, 1, 2], Uint8Array.of(0, 255, 51, 7, 255, 255, 102, 7, 0, 255, 0, 8), [0, 1, 0]);
  // (0 + 255 + 0) / 3 / 255 …, to 7 decimals; the last is 22 / 3 / 255 = 0.028758169…
  expect(pixelMean(readMemory(source))).toEqual([0.3333333, 1, 0.2, 0.0287582]);
});
