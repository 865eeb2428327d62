import { expect, test } from "vitest";
import type { Preprocessing } from "../data/preprocessing.ts";
import { tinySpec } from "./environment.test.fixture.ts";
import { modelMetadata, readModelMetadata } from "./trained-model.ts";

test("a model's file keeps the mean of each pixel", () => {
  const preprocessing: Preprocessing = {
    size: [1, 2],
    channels: 1,
    mean: [0.25],
    deviation: [0.5],
    pixelMean: [0.1234567, 0.375],
  };
  const model = { spec: tinySpec(3), tensors: new Map(), classes: null, preprocessing };
  expect(readModelMetadata(modelMetadata(model), "model.safetensors").preprocessing).toEqual(preprocessing);
});
