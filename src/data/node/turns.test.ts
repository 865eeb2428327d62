import { expect, test } from "vitest";
import { takesTurns } from "./turns.ts";

test.each([
  [2, 2, true],
  [3, 2, true],
  [1, 1, true],
  [1, 2, false],
  [4, 4, true],
  [7, 8, false],
  [8, 8, false], // four decoders would leave four cores idle
  [0, 2, false],
])("an engine of %i threads on %i cores: decoders take turns with it: %s", (engineThreads, cores, expected) => {
  expect(takesTurns({ engineThreads, cores })).toBe(expected);
});
