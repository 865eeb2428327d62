import { describe, expect, test } from "vitest";
import { UsageError } from "../../base/errors.ts";
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

  test.each([1e-36, 1e-40, 1e-44])(
    "makes filters of %s, beside a bias, filters of zeros, whose bias stays finite",
    (tiny) => {
      const data = Float32Array.from(weights, (weight, i) => (i < columns * area ? tiny * weight : weight));
      const given = new Map([...tensors, ["conv.weight", tensor("f32", [filters, columns, 2, 2], data)] as const]);
      for (const known of [new Map(), new Map([["images", means]])]) {
        const { tensors: made, filterScales } = quantizeTensors(graph(), given, () => range, known);
        const [scale, other] = filterScales.get("conv.weight") ?? [];
        expect(scale).toBe(1);
        expect(other).toBeLessThan(0.1);
        expect(
          made
            .get("conv.weight")
            ?.data.subarray(0, columns * area)
            .every((level) => level === 0),
        ).toBe(true);
        expect(made.get("conv.bias")?.data[0]).toBeCloseTo((biases[0] ?? 0) / 0.1, 4);
      }
    },
  );

  test("keeps small filters that a bias doesn't hide", () => {
    const data = Float32Array.from(weights, (weight) => weight * 2 ** -90);
    const given = new Map([...tensors, ["conv.weight", tensor("f32", [filters, columns, 2, 2], data)] as const]);
    const { tensors: made, filterScales } = quantizeTensors(graph(), given, () => range);
    for (const scale of filterScales.get("conv.weight") ?? []) expect(scale).toBeLessThan(2 ** -90);
    expect(made.get("conv.weight")?.data).toEqual(
      quantizeTensors(graph(), tensors, () => range).tensors.get("conv.weight")?.data,
    );
  });

  test("refuses biases that can't be told in levels of the images", () => {
    expect(() => quantizeTensors(graph(), tensors, () => 127e-44)).toThrow(
      new UsageError(
        `conv.weight: the bias of its filter 0, ${biases[0]}, can't be told in levels of its images, which are worth 1.00e-44 each; such weights can't be quantised`,
      ),
    );
    const infinite = tensor("f32", [filters], Float32Array.of(0, 1, Number.NaN, 1));
    expect(() => quantizeTensors(graph(), new Map([...tensors, ["conv.bias", infinite]]), () => range)).toThrow(
      "conv.weight: the bias of its filter 2, NaN, can't be told",
    );
  });
});
