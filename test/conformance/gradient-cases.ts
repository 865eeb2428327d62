// Small graphs, one table row for every forward operation, on which its gradient rule is checked (src/passes/gradient-rules.test.ts).
// The inputs of each are the operands of its last node. Sizes are odd, uneven and small: strides 1 to 3, padding that differs
// from side to side, groups, kernels larger and smaller than the stride.
import type { FilterShape, ImageShape } from "../../src/base/shape.ts";
import type { GraphBuilder } from "../../src/graph/builder.ts";
import {
  type AveragePoolParams,
  type ConvParams,
  coveringPadding,
  type PoolParams,
  padding,
} from "../../src/graph/geometry.ts";
import type { ForwardKind, Operands, Results } from "../../src/graph/ops.ts";

interface Row<K extends ForwardKind> {
  /** The results through which gradient flows. */
  readonly through: readonly (keyof Results<K> & string)[];
  /** Operands by which there is no gradient, though they are real numbers. */
  readonly given?: readonly (keyof Operands<K> & string)[];
  /** Graphs whose last node is of kind K, and whose inputs are its operands. */
  readonly cases: Readonly<Record<string, (builder: GraphBuilder) => Results<K>>>;
}

const conv = (builder: GraphBuilder, x: ImageShape, weight: FilterShape, params: ConvParams) =>
  builder.add(
    "conv2d",
    "node",
    { x: builder.input("x", "f64", x), weight: builder.input("weight", "f64", weight) },
    params,
  );

const maxPool = (builder: GraphBuilder, x: ImageShape, params: PoolParams) =>
  builder.add("maxPool", "node", { x: builder.input("x", "f64", x) }, params);

const averagePool = (builder: GraphBuilder, x: ImageShape, params: AveragePoolParams) =>
  builder.add("averagePool", "node", { x: builder.input("x", "f64", x) }, params);

const dropout = (builder: GraphBuilder, x: readonly number[], params: { rate: number; stream: number }) =>
  builder.add("dropout", "node", { x: builder.input("x", "f64", x), key: builder.input("key", "i32", [2]) }, params);

const batchNorm = (builder: GraphBuilder, x: ImageShape, epsilon: number) =>
  builder.add(
    "batchNormTrain",
    "node",
    {
      x: builder.input("x", "f64", x),
      scale: builder.input("scale", "f64", [x[1]]),
      shift: builder.input("shift", "f64", [x[1]]),
    },
    { epsilon },
  );

const fixedBatchNorm = (builder: GraphBuilder, x: ImageShape, epsilon: number) => {
  const vector = (name: string) => builder.input(name, "f64", [x[1]]);
  // A variance is positive: the sigmoid of what the test gives.
  const operands = {
    x: builder.input("x", "f64", x),
    scale: vector("scale"),
    shift: vector("shift"),
    mean: vector("mean"),
  };
  const variance = builder.add("sigmoid", "variance", { x: vector("variance.x") }, {}).y;
  return builder.add("batchNormInference", "node", { ...operands, variance }, { epsilon });
};

const dense = (builder: GraphBuilder, n: number, i: number, o: number) =>
  builder.add(
    "dense",
    "node",
    {
      x: builder.input("x", "f64", [n, i]),
      weight: builder.input("weight", "f64", [o, i]),
      bias: builder.input("bias", "f64", [o]),
    },
    {},
  );

const loss = (builder: GraphBuilder, n: number, classes: number, labelSmoothing: number) =>
  builder.add(
    "softmaxCrossEntropy",
    "node",
    { logits: builder.input("logits", "f64", [n, classes]), labels: builder.input("labels", "i32", [n]) },
    { labelSmoothing },
  );

const scores = (builder: GraphBuilder, n: number, classes: number) => ({
  logits: builder.input("logits", "f64", [n, classes]),
  targets: builder.input("targets", "f64", [n, classes]),
});

export const gradientCases: { readonly [K in ForwardKind]: Row<K> } = {
  conv2d: {
    through: ["y"],
    cases: {
      "1×1": (b) => conv(b, [2, 3, 4, 5], [4, 3, 1, 1], { stride: [1, 1], padding: padding(0), groups: 1 }),
      "1×1, stride 2": (b) => conv(b, [2, 3, 5, 4], [2, 3, 1, 1], { stride: [2, 2], padding: padding(0), groups: 1 }),
      "3×3, padding 1": (b) => conv(b, [2, 2, 4, 3], [3, 2, 3, 3], { stride: [1, 1], padding: padding(1), groups: 1 }),
      "3×3, stride 2, padding 1, odd size": (b) =>
        conv(b, [1, 3, 7, 5], [2, 3, 3, 3], { stride: [2, 2], padding: padding(1), groups: 1 }),
      "3×3, stride 2, padded below and right only": (b) =>
        conv(b, [1, 2, 6, 6], [2, 2, 3, 3], {
          stride: [2, 2],
          padding: { top: 0, left: 0, bottom: 1, right: 1 },
          groups: 1,
        }),
      "2×3, strides 3 and 1, larger stride than kernel": (b) =>
        conv(b, [2, 2, 8, 5], [2, 2, 2, 3], {
          stride: [3, 1],
          padding: { top: 1, left: 0, bottom: 0, right: 2 },
          groups: 1,
        }),
      "7×7, stride 2, padding 3": (b) =>
        conv(b, [1, 2, 8, 7], [2, 2, 7, 7], { stride: [2, 2], padding: padding(3), groups: 1 }),
      "3×3, 2 groups": (b) => conv(b, [2, 4, 4, 4], [6, 2, 3, 3], { stride: [1, 1], padding: padding(1), groups: 2 }),
      "3×3, depthwise, stride 3": (b) =>
        conv(b, [1, 3, 7, 8], [3, 1, 3, 3], { stride: [3, 3], padding: padding(1), groups: 3 }),
    },
  },
  batchNormTrain: {
    through: ["y"],
    cases: {
      "3 channels": (b) => batchNorm(b, [2, 3, 4, 3], 1e-5),
      "1 image, 1 channel": (b) => batchNorm(b, [1, 1, 3, 5], 1e-5),
      "1 pixel, a large ε": (b) => batchNorm(b, [9, 2, 1, 1], 0.1),
    },
  },
  batchNormInference: {
    through: ["y"],
    given: ["mean", "variance"],
    cases: {
      "3 channels": (b) => fixedBatchNorm(b, [2, 3, 4, 3], 1e-5),
      "1 pixel, a large ε": (b) => fixedBatchNorm(b, [9, 2, 1, 1], 0.1),
    },
  },
  relu: {
    through: ["y"],
    cases: {
      images: (b) => b.add("relu", "node", { x: b.input("x", "f64", [2, 3, 3, 5]) }, {}),
      features: (b) => b.add("relu", "node", { x: b.input("x", "f64", [4, 7]) }, {}),
    },
  },
  add: {
    through: ["y"],
    cases: {
      "two images": (b) =>
        b.add("add", "node", { a: b.input("a", "f64", [2, 3, 3, 2]), b: b.input("b", "f64", [2, 3, 3, 2]) }, {}),
      "two scalars": (b) => b.add("add", "node", { a: b.input("a", "f64", []), b: b.input("b", "f64", []) }, {}),
    },
  },
  multiply: {
    through: ["y"],
    cases: {
      "two images": (b) =>
        b.add("multiply", "node", { a: b.input("a", "f64", [2, 3, 3, 2]), b: b.input("b", "f64", [2, 3, 3, 2]) }, {}),
      "two scalars": (b) => b.add("multiply", "node", { a: b.input("a", "f64", []), b: b.input("b", "f64", []) }, {}),
    },
  },
  sigmoid: {
    through: ["y"],
    cases: {
      images: (b) => b.add("sigmoid", "node", { x: b.input("x", "f64", [2, 3, 3, 5]) }, {}),
      features: (b) => b.add("sigmoid", "node", { x: b.input("x", "f64", [4, 7]) }, {}),
    },
  },
  affine: {
    through: ["y"],
    cases: {
      half: (b) => b.add("affine", "node", { x: b.input("x", "f64", [2, 3, 1, 5]) }, { scale: 0.5, shift: 0 }),
      "1 − x": (b) => b.add("affine", "node", { x: b.input("x", "f64", [4, 3]) }, { scale: -1, shift: 1 }),
    },
  },
  addBias: {
    through: ["y"],
    cases: {
      "3 channels": (b) =>
        b.add("addBias", "node", { x: b.input("x", "f64", [2, 3, 3, 2]), bias: b.input("bias", "f64", [3]) }, {}),
      "1 pixel": (b) =>
        b.add("addBias", "node", { x: b.input("x", "f64", [3, 2, 1, 1]), bias: b.input("bias", "f64", [2]) }, {}),
    },
  },
  maxPool: {
    through: ["y"],
    cases: {
      "3×3, stride 2, padding 1": (b) =>
        maxPool(b, [2, 2, 7, 6], { kernel: [3, 3], stride: [2, 2], padding: padding(1) }),
      "2×2, stride 2, odd size": (b) =>
        maxPool(b, [1, 3, 5, 7], { kernel: [2, 2], stride: [2, 2], padding: padding(0) }),
      "3×2, stride 1, padded above only": (b) =>
        maxPool(b, [2, 1, 4, 5], { kernel: [3, 2], stride: [1, 1], padding: { top: 2, left: 0, bottom: 0, right: 0 } }),
      "2×2, stride 3": (b) => maxPool(b, [1, 2, 8, 8], { kernel: [2, 2], stride: [3, 3], padding: padding(0) }),
    },
  },
  averagePool: {
    through: ["y"],
    cases: {
      "2×2, stride 2": (b) =>
        averagePool(b, [2, 3, 4, 6], { kernel: [2, 2], stride: [2, 2], padding: padding(0), countPadding: false }),
      "2×2, stride 2, odd size, covering": (b) => {
        const padding = coveringPadding([5, 7], [2, 2], [2, 2]);
        return averagePool(b, [1, 3, 5, 7], { kernel: [2, 2], stride: [2, 2], padding, countPadding: false });
      },
      "3×3, stride 2, padding counts": (b) =>
        averagePool(b, [2, 2, 7, 6], { kernel: [3, 3], stride: [2, 2], padding: padding(1), countPadding: true }),
      "3×3, stride 1, padding does not count": (b) =>
        averagePool(b, [1, 2, 4, 5], { kernel: [3, 3], stride: [1, 1], padding: padding(1), countPadding: false }),
      "2×3, stride 3, uneven padding": (b) =>
        averagePool(b, [1, 2, 8, 7], {
          kernel: [2, 3],
          stride: [3, 3],
          padding: { top: 1, left: 2, bottom: 0, right: 1 },
          countPadding: true,
        }),
    },
  },
  globalAveragePool: {
    through: ["y"],
    cases: {
      "3×5": (b) => b.add("globalAveragePool", "node", { x: b.input("x", "f64", [2, 3, 3, 5]) }, {}),
      "1×1": (b) => b.add("globalAveragePool", "node", { x: b.input("x", "f64", [2, 3, 1, 1]) }, {}),
    },
  },
  subsample: {
    through: ["y"],
    cases: {
      "stride 2, even and odd": (b) =>
        b.add("subsample", "node", { x: b.input("x", "f64", [2, 2, 6, 5]) }, { stride: [2, 2] }),
      "strides 3 and 1": (b) =>
        b.add("subsample", "node", { x: b.input("x", "f64", [1, 3, 7, 3]) }, { stride: [3, 1] }),
    },
  },
  flatten: {
    through: ["y"],
    cases: { "3×5": (b) => b.add("flatten", "node", { x: b.input("x", "f64", [2, 3, 3, 5]) }, {}) },
  },
  padChannels: {
    through: ["y"],
    cases: {
      "both sides": (b) =>
        b.add("padChannels", "node", { x: b.input("x", "f64", [2, 3, 2, 3]) }, { before: 2, after: 1 }),
      "after only": (b) =>
        b.add("padChannels", "node", { x: b.input("x", "f64", [2, 2, 3, 3]) }, { before: 0, after: 2 }),
    },
  },
  extendMap: {
    through: ["y"],
    cases: {
      "both ways": (b) => b.add("extendMap", "node", { x: b.input("x", "f64", [2, 2, 2, 3]) }, { below: 1, right: 2 }),
    },
  },
  dense: {
    through: ["y"],
    cases: { "7 to 5": (b) => dense(b, 3, 7, 5), "1 image, 1 class": (b) => dense(b, 1, 4, 1) },
  },
  dropout: {
    through: ["y"],
    cases: {
      "half, not a multiple of 4": (b) => dropout(b, [3, 7], { rate: 0.5, stream: 1 }),
      "a fifth": (b) => dropout(b, [2, 3, 3, 3], { rate: 0.2, stream: 0 }),
    },
  },
  softmaxCrossEntropy: {
    through: ["loss"],
    cases: {
      "10 classes": (b) => loss(b, 4, 10, 0),
      "label smoothing": (b) => loss(b, 3, 5, 0.1),
      "1 image, 2 classes": (b) => loss(b, 1, 2, 0),
    },
  },
  stochasticDepth: {
    through: ["y"],
    cases: {
      "half of 6 images": (b) =>
        b.add(
          "stochasticDepth",
          "node",
          { x: b.input("x", "f64", [6, 2, 3, 1]), key: b.input("key", "i32", [2]) },
          { rate: 0.5, stream: 2 },
        ),
    },
  },
  mixedTargets: {
    through: ["targets"],
    given: ["share"],
    cases: {
      "3 classes": (b) =>
        b.add(
          "mixedTargets",
          "node",
          {
            labels: b.input("labels", "i32", [4]),
            partners: b.input("partners", "i32", [4]),
            share: b.input("share", "f64", [4]),
          },
          { classes: 3, labelSmoothing: 0.1, threshold: null },
        ),
    },
  },
  softCrossEntropy: {
    through: ["loss"],
    given: ["targets"],
    cases: {
      "targets of any sum": (b) => b.add("softCrossEntropy", "node", scores(b, 4, 7), {}),
      "1 image, 2 classes": (b) => b.add("softCrossEntropy", "node", scores(b, 1, 2), {}),
    },
  },
  binaryCrossEntropy: {
    through: ["loss"],
    given: ["targets"],
    cases: {
      "over the mean": (b) => b.add("binaryCrossEntropy", "node", scores(b, 4, 7), { over: "mean" }),
      "over the sum": (b) => b.add("binaryCrossEntropy", "node", scores(b, 3, 2), { over: "sum" }),
    },
  },
  cast: {
    through: ["y"],
    cases: { "to the same type": (b) => b.add("cast", "node", { x: b.input("x", "f64", [2, 3]) }, { dtype: "f64" }) },
  },
  constant: {
    through: ["y"],
    cases: { "has no operands": (b) => b.add("constant", "node", {}, { value: 0.5, shape: [2, 3], dtype: "f64" }) },
  },
};
