import { describe, expect, test } from "vitest";
import { randomPurposes, randomStream } from "../../base/philox.ts";
import { GraphBuilder } from "../../graph/builder.ts";
import type { Padding } from "../../graph/geometry.ts";
import type { Value } from "../../graph/value.ts";
import { computeNode } from "./kernels.ts";

// Whole numbers of at most 4: every sum below is exact in f64, so results are compared for equality.
const { below } = randomStream(3, randomPurposes.synthetic);
const elements = new Map<string, Float64Array>();
const elementsOf = ({ name, shape }: Value): Float64Array => {
  const found =
    elements.get(name) ?? Float64Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => below(9) - 4);
  elements.set(name, found);
  return found;
};

const noPadding: Padding = { top: 0, left: 0, bottom: 0, right: 0 };
const geometries = [
  { x: [1, 1, 1, 1], weight: [1, 1, 1, 1], stride: [1, 1], padding: noPadding, groups: 1 },
  {
    x: [2, 3, 5, 6],
    weight: [4, 3, 3, 3],
    stride: [1, 1],
    padding: { top: 1, left: 1, bottom: 1, right: 1 },
    groups: 1,
  },
  {
    x: [2, 3, 7, 6],
    weight: [2, 3, 3, 2],
    stride: [2, 3],
    padding: { top: 2, left: 0, bottom: 1, right: 3 },
    groups: 1,
  },
  {
    x: [1, 6, 5, 5],
    weight: [4, 3, 3, 3],
    stride: [2, 2],
    padding: { top: 1, left: 1, bottom: 1, right: 1 },
    groups: 2,
  },
  {
    x: [2, 3, 4, 5],
    weight: [3, 1, 2, 5],
    stride: [3, 1],
    padding: { top: 0, left: 4, bottom: 0, right: 4 },
    groups: 3,
  },
  {
    x: [1, 2, 2, 2],
    weight: [3, 2, 7, 7],
    stride: [2, 2],
    padding: { top: 3, left: 3, bottom: 3, right: 3 },
    groups: 1,
  },
] as const;

describe.each(geometries)("convolution of x $x with weight $weight", ({ x, weight, ...params }) => {
  const builder = new GraphBuilder();
  const xValue = builder.input(`x${x}`, "f64", x);
  const weightValue = builder.input(`w${weight}`, "f64", weight);
  const { y } = builder.add("conv2d", `y${x}`, { x: xValue, weight: weightValue }, params);
  const dy = builder.input(`dy${x}`, "f64", y.shape);
  builder.add("conv2dBackwardData", `dx${x}`, { dy, weight: weightValue }, { ...params, inputShape: x });
  builder.add("conv2dBackwardWeight", `dw${x}`, { x: xValue, dy }, { ...params, filterShape: weight });
  for (const node of builder.build().nodes) computeNode(node, elementsOf);

  const [, C, H, W] = x;
  const [O, Cg, U, V] = weight;
  const [N, , H2, W2] = y.shape;
  const product = { x: elementsOf(xValue), weight: elementsOf(weightValue), dy: elementsOf(dy) };
  const expected = {
    y: new Float64Array(N * O * H2 * W2),
    dx: new Float64Array(product.x.length),
    dWeight: new Float64Array(product.weight.length),
  };
  // The formula of forward-ops.ts, term by term, with no bound hoisted.
  for (let n = 0; n < N; n++)
    for (let o = 0; o < O; o++)
      for (let i = 0; i < H2; i++)
        for (let j = 0; j < W2; j++)
          for (let c = 0; c < Cg; c++)
            for (let u = 0; u < U; u++)
              for (let v = 0; v < V; v++) {
                const h = i * params.stride[0] + u - params.padding.top;
                const w = j * params.stride[1] + v - params.padding.left;
                if (h < 0 || h >= H || w < 0 || w >= W) continue;
                const channel = Math.floor(o / (O / params.groups)) * Cg + c;
                const atX = ((n * C + channel) * H + h) * W + w;
                const atWeight = ((o * Cg + c) * U + u) * V + v;
                const atY = ((n * O + o) * H2 + i) * W2 + j;
                expected.y[atY]! += product.x[atX]! * product.weight[atWeight]!;
                expected.dx[atX]! += product.dy[atY]! * product.weight[atWeight]!;
                expected.dWeight[atWeight]! += product.dy[atY]! * product.x[atX]!;
              }

  test.each(["y", "dx", "dWeight"] as const)("%s is what the formula says", (result) => {
    const name = { y: `y${x}`, dx: `dx${x}`, dWeight: `dw${x}` }[result];
    expect(elements.get(name)).toEqual(expected[result]);
  });
});
