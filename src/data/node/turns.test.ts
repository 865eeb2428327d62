import { expect, test } from "vitest";
import { filesSource } from "../source.ts";
import { syntheticSource } from "../synthetic.ts";
import { takesTurns } from "./turns.ts";

const files = filesSource("/photographs", ["a.jpg"], [0]);

test.each([
  [2, 2, true],
  [3, 2, true],
  [1, 1, true],
  [1, 2, false],
  [7, 8, false],
  [0, 2, false],
])("an engine of %i threads on %i cores: decoders take turns with it: %s", (engineThreads, cores, expected) => {
  expect(takesTurns(files, { engineThreads, cores })).toBe(expected);
});

test("images in memory are prepared beside the step", () => {
  const memory = syntheticSource({ images: 4, shape: [1, 2, 2], classes: 2, seed: 1 });
  expect(takesTurns(memory, { engineThreads: 2, cores: 2 })).toBe(false);
});
