import { describe, expect, test } from "vitest";
import { type Layer, layersOf } from "./layers.ts";
import { namedSpec } from "./named-networks.ts";
import type { ResNetSpec } from "./spec.ts";

const layer = (spec: ResNetSpec, name: string): Layer | undefined =>
  layersOf(spec).find((candidate) => candidate.name === name);

describe("layersOf(spec), for padding,", () => {
  const paddingOf = (name: string, options: object) => layer(namedSpec("resnet18", options), name);
  test("takes (kernel − 1) / 2 by default, the smaller half before for an even kernel", () => {
    const stem = { ...namedSpec("resnet18").stem, kernel: 4 };
    expect(paddingOf("conv1", {})).toMatchObject({ padding: { top: 3, left: 3, bottom: 3, right: 3 } });
    expect(paddingOf("conv1", { stem })).toMatchObject({
      padding: { top: 1, left: 1, bottom: 2, right: 2 },
      output: [64, 112, 112],
    });
  });

  test("takes TensorFlow's same from the input's size", () => {
    // 56 rows, stride 2: 28 windows need (28 − 1)·2 + 3 − 56 = 1 row more, below. 55 rows need 2.
    const at = (size: number) =>
      layer(namedSpec("resnet34", { padding: "same", input: [3, 4 * size, 4 * size] }), "layer2.0.conv1");
    expect(at(56)).toMatchObject({ padding: { top: 0, left: 0, bottom: 1, right: 1 }, output: [128, 28, 28] });
    expect(at(55)).toMatchObject({ padding: { top: 1, left: 1, bottom: 1, right: 1 }, output: [128, 28, 28] });
    const stem = { ...namedSpec("resnet18").stem, padding: "same" };
    expect(paddingOf("conv1", { stem })).toMatchObject({ padding: { top: 2, left: 2, bottom: 3, right: 3 } });
  });

  test("takes explicit amounts for windows with a stride, and keeps the other sizes", () => {
    const padding = { top: 0, left: 0, bottom: 1, right: 1 };
    expect(paddingOf("layer2.0.conv1", { padding })).toMatchObject({ padding, output: [128, 28, 28] });
    expect(paddingOf("layer2.0.conv2", { padding })).toMatchObject({
      padding: { top: 1, left: 1, bottom: 1, right: 1 },
    });
    expect(paddingOf("layer2.0.downsample.0", { padding })).toMatchObject({ padding: { top: 0, bottom: 0 } });
  });
});
