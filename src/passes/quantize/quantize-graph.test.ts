import { describe, expect, test } from "vitest";
import type { ImageShape } from "../../base/shape.ts";
import { GraphBuilder } from "../../graph/builder.ts";
import { padding } from "../../graph/geometry.ts";
import type { Graph } from "../../graph/graph.ts";
import { printGraph } from "../../graph/print.ts";
import type { Value } from "../../graph/value.ts";
import { verifyGraph } from "../../graph/verify.ts";
import { quantizeAs } from "./quantization.ts";
import { type QuantizationSource, quantizeGraph } from "./quantize-graph.ts";

const source: QuantizationSource = {
  rangeOf: (_, dtype) => (dtype === "u8" ? 255 : 127),
  filterScales: (_, filters) => new Array<number>(filters).fill(0.5),
};
const params = { stride: [1, 1], padding: padding(1), groups: 1 } as const;

/** A basic block with a projection, and a head; `pre`: what the second convolution makes goes to a batch norm only through a sum. */
const block = (): Graph => {
  const b = new GraphBuilder();
  const images = b.input("images", "f32", [2, 3, 8, 8]);
  const conv = (name: string, x: Value<ImageShape>, filters: number) => {
    const weight = b.state(`${name}.weight`, "f32", [filters, x.shape[1], 3, 3]);
    const { y } = b.add("conv2d", name, { x, weight }, params);
    const bias = b.state(`${name}.bias`, "f32", [filters]);
    return b.add("addBias", `${name}.biased`, { x: y, bias }, {}).y;
  };
  const shape = [2, 4, 8, 8] as const;
  const stem = b.add("relu", "relu", { x: { ...conv("stem", images, 4), shape } }, {}).y;
  const branch = b.add("relu", "relu1", { x: { ...conv("conv1", stem, 4), shape } }, {}).y;
  const second = { ...conv("conv2", branch, 4), shape };
  const shortcut = { ...conv("downsample", stem, 4), shape };
  const sum = b.add("relu", "relu2", { x: b.add("add", "sum", { a: second, b: shortcut }, {}).y }, {}).y;
  const last = { ...conv("conv3", sum, 4), shape };
  b.output(b.add("globalAveragePool", "pool", { x: last }, {}).y);
  return b.build();
};

describe("quantizeGraph(graph, source)", () => {
  test("keeps bytes from the images to the last convolution, the addition included", () => {
    const { graph, inputScales } = quantizeGraph(block(), source);
    verifyGraph(graph);
    const nodes = printGraph(graph)
      .split("\n")
      .filter((line) => line.startsWith("  "));
    expect(nodes).toEqual([
      '  images.levels i8[2, 3, 8, 8] = quantize(x: images) dtype="i8" scale=1',
      ...[
        ["relu u8", "x: images.levels", "stem", "", true, "u8"],
        ["relu1 u8", "x: relu", "conv1", "", true, "u8"],
        ["conv2.biased i8", "x: relu1", "conv2", "", false, "i8"],
        ["relu2 u8", "x: relu", "downsample", ", shortcut: conv2.biased", true, "u8"],
        ["conv3.biased f32", "x: relu2", "conv3", "", false, "f32"],
      ].map(
        ([made, x, conv, shortcut, relu, result]) =>
          `  ${made}[2, 4, 8, 8] = quantizedConv2d(${x}, weight: ${conv}.weight, bias: ${conv}.bias${shortcut}) ` +
          `stride=[1,1] padding={"top":1,"left":1,"bottom":1,"right":1} groups=1 factors=[0.5,0.5,0.5,0.5] ` +
          `relu=${relu} shortcutFactor=1 result="${result}"`,
      ),
      "  pool f32[2, 4] = globalAveragePool(x: conv3.biased)",
    ]);
    expect([...inputScales.values()]).toEqual([1, 1, 1, 1, 1]);
  });

  test("tells each factor by the scales of images, filter and result", () => {
    const ranges: Readonly<Record<string, number>> = {
      images: 1.27,
      relu: 5.1,
      relu1: 2.55,
      "conv2.biased": 12.7,
      relu2: 25.5,
    };
    const filterScales = Object.fromEntries(
      ["stem", "conv1", "conv2", "downsample", "conv3"].map((name) => [`${name}.weight`, [0.1, 0.2, 0.3, 0.4]]),
    );
    const { graph } = quantizeAs(block(), { ranges, filterScales });
    const added = graph.nodes.find((node) => node.kind === "quantizedConv2d" && node.operands.shortcut !== undefined);
    if (added?.kind !== "quantizedConv2d") throw new Error("a convolution adds the shortcut");
    // A level of relu is worth 5.1 / 255 = 0.02, of relu2 0.1, of conv2.biased 12.7 / 127 = 0.1.
    for (const [o, scale] of [0.1, 0.2, 0.3, 0.4].entries()) {
      expect(added.params.factors[o]).toBeCloseTo((0.02 * scale) / 0.1, 12);
    }
    expect(added.params.shortcutFactor).toBeCloseTo(1, 12);
  });

  test("refuses ranges and scales of another network, and ranges that are none", () => {
    const none = { ranges: {}, filterScales: {} };
    expect(() => quantizeAs(block(), none)).toThrow("the quantisation has no range for images");
    const ranges = { images: 1, relu: 1 };
    expect(() => quantizeAs(block(), { ranges, filterScales: {} })).toThrow(
      "the quantisation has no scales for stem.weight",
    );
    expect(() => quantizeGraph(block(), { ...source, rangeOf: () => 0 })).toThrow(
      "the range of images is a number above 0, not 0",
    );
  });
});
