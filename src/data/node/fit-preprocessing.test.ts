import { expect, test } from "vitest";
import { memorySource } from "../source.ts";
import { fitPreprocessing } from "./fit-preprocessing.ts";

test("fitPreprocessing(train) is the split's size, mean and deviation", async () => {
  const train = memorySource([1, 1, 2], Uint8Array.of(0, 255, 255, 0), [0, 1]);
  expect(await fitPreprocessing(train)).toEqual({ size: [1, 2], channels: 1, mean: [0.5], deviation: [0.5] });
});
