import { describe, expect, test } from "vitest";
import { randomPurposes, randomStream } from "../../base/philox.ts";
import { tensor } from "../../base/tensor.ts";
import { GraphBuilder } from "../../graph/builder.ts";
import { padding } from "../../graph/geometry.ts";
import { quantizeTensors } from "./quantize-tensors.ts";

const [filters, channels, groups, area] = [4, 6, 2, 4] as const;
const columns = channels / groups;

/** One convolution in two groups, with a bias. */
const graph = () => {
  const b = new GraphBuilder();
  const x = b.input("images", "f32", [1, channels, 8, 8]);
  const weight = b.state("conv.weight", "f32", [filters, columns, 2, 2]);
  const { y } = b.add("conv2d", "conv", { x, weight }, { stride: [2, 2], padding: padding(0), groups });
  b.output(b.add("addBias", "biased", { x: y, bias: b.state("conv.bias", "f32", [filters]) }, {}).y);
  return b.build();
};
const drawn = (count: number, seed: number): Float32Array => {
  const { normal } = randomStream(seed, randomPurposes.synthetic);
  return Float32Array.from({ length: count }, () => normal());
};
const weights = drawn(filters * columns * area, 1);
const biases = drawn(filters, 2);
const tensors = new Map([
  ["conv.weight", tensor("f32", [filters, columns, 2, 2], weights)],
  ["conv.bias", tensor("f32", [filters], biases)],
]);
const means = Float64Array.of(0.5, -2, 1, 3, 0, 0.25);
const range = 12.7; // a level of the images is worth 0.1

/** What filter o makes of an image whose channels are their means all over: Σ weight · mean. */
const sumOf = (o: number, weight: (index: number) => number): number => {
  let sum = 0;
  for (let c = 0; c < columns; c++) {
    for (let i = 0; i < area; i++) {
      sum += weight((o * columns + c) * area + i) * (means[Math.floor(o / (filters / groups)) * columns + c] ?? 0);
    }
  }
  return sum;
};

describe("quantizeTensors(graph, folded, rangeOf, channelMeans)", () => {
  test("brings biases to the units of their sums", () => {
    const { tensors: made, filterScales } = quantizeTensors(graph(), tensors, () => range);
    const scales = filterScales.get("conv.weight") ?? [];
    const expected = scales.map((scale, o) => (biases[o] ?? 0) / (0.1 * scale));
    for (const [o, bias] of expected.entries()) expect(made.get("conv.bias")?.data[o]).toBeCloseTo(bias, 4);
  });

  test("takes the mean error of rounded filters off the biases: an image of means gives what it gave", () => {
    const known = new Map([["images", means]]);
    const { tensors: made, filterScales } = quantizeTensors(graph(), tensors, () => range, known);
    const levels = made.get("conv.weight")?.data ?? [];
    for (const [o, scale] of (filterScales.get("conv.weight") ?? []).entries()) {
      const exact = sumOf(o, (index) => weights[index] ?? 0) + (biases[o] ?? 0);
      const rounded =
        sumOf(o, (index) => (levels[index] ?? 0) * scale) + (made.get("conv.bias")?.data[o] ?? 0) * 0.1 * scale;
      const uncorrected = sumOf(o, (index) => (levels[index] ?? 0) * scale) + (biases[o] ?? 0);
      expect(Math.abs(rounded - exact)).toBeLessThan(1e-5); // the bias is f32, of some tens
      expect(Math.abs(uncorrected - exact)).toBeGreaterThan(1e-4);
    }
  });
});
