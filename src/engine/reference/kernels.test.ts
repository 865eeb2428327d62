// Values worked out by hand. Convolution is checked in conv.test.ts; gradients in passes/gradient-rules.test.ts.
import { describe, expect, test } from "vitest";
import type { TypedArray } from "../../base/dtype.ts";
import { philox4x32, randomPurposes } from "../../base/philox.ts";
import { GraphBuilder } from "../../graph/builder.ts";
import { coveringPadding, padding } from "../../graph/geometry.ts";
import { computeRounded } from "./kernels.ts";
import { allocateElements } from "./value-storage.ts";

/** The values of a graph's nodes, given its inputs. */
const compute = (
  build: (builder: GraphBuilder) => object,
  given: Readonly<Record<string, readonly number[]>>,
): ((name: string) => number[]) => {
  const builder = new GraphBuilder();
  build(builder);
  const elements = new Map<string, TypedArray>();
  for (const node of builder.build().nodes) {
    computeRounded(node, (value) => {
      const found = elements.get(value.name) ?? allocateElements(value);
      if (!elements.has(value.name)) found.set(given[value.name] ?? []);
      elements.set(value.name, found);
      return found;
    });
  }
  return (name) => [...(elements.get(name) ?? [])];
};

const { NaN: nan, NEGATIVE_INFINITY: minusInfinity } = Number;

describe("maxPool", () => {
  const pool = (x: readonly number[], width: number, pad = 0) =>
    compute(
      (b) =>
        b.add(
          "maxPool",
          "pool",
          { x: b.input("x", "f64", [1, 1, 2, width]) },
          { kernel: [2, 2], stride: [2, 2], padding: padding(pad) },
        ),
      { x },
    );

  test("of equal elements the first wins", () => {
    const result = pool([1, 7, 2, 2, 7, 0, 2, 2], 4);
    expect(result("pool.y")).toEqual([7, 2]);
    expect(result("pool.argmax")).toEqual([1, 0]);
  });
  test("padding never wins, not even over −∞; NaN does", () => {
    const result = pool([minusInfinity, -3, nan, -5], 2, 1);
    expect(result("pool.y")).toEqual([minusInfinity, -3, nan, -5]);
    expect(result("pool.argmax")).toEqual([3, 2, 1, 0]);
  });
});

describe("averagePool", () => {
  const pool = (countPadding: boolean) =>
    compute(
      (b) => {
        const params = {
          kernel: [2, 2],
          stride: [2, 2],
          padding: coveringPadding([3, 3], [2, 2], [2, 2]),
          countPadding,
        } as const;
        b.add("averagePool", "pool", { x: b.input("x", "f64", [1, 1, 3, 3]) }, params);
        const dy = b.input("dy", "f64", [1, 1, 2, 2]);
        return b.add("averagePoolBackward", "dx", { dy }, { ...params, inputShape: [1, 1, 3, 3] });
      },
      { x: [1, 2, 3, 4, 5, 6, 7, 8, 9], dy: [4, 8, 12, 16] },
    );

  test("divides by the pixels inside the image where padding does not count", () => {
    const result = pool(false);
    expect(result("pool")).toEqual([3, 4.5, 7.5, 9]);
    expect(result("dx")).toEqual([1, 1, 4, 1, 1, 4, 6, 6, 16]);
  });
  test("divides by the whole window where it does", () => {
    const result = pool(true);
    expect(result("pool")).toEqual([3, 2.25, 3.75, 2.25]);
    expect(result("dx")).toEqual([1, 1, 2, 1, 1, 2, 3, 3, 4]);
  });
});

describe("addBias", () => {
  test("adds a number to each channel, whose gradient is the channel's sum", () => {
    const result = compute(
      (b) => {
        const x = b.input("x", "f64", [2, 2, 1, 2]);
        const { y } = b.add("addBias", "biased", { x, bias: b.input("bias", "f64", [2]) }, {});
        return b.add("sumPerChannel", "sum", { dy: y }, {});
      },
      { x: [1, 2, 3, 4, 5, 6, 7, 8], bias: [10, -1] },
    );
    expect(result("biased")).toEqual([11, 12, 2, 3, 15, 16, 6, 7]);
    expect(result("sum")).toEqual([54, 18]);
  });
});

describe("sigmoid", () => {
  test("neither overflows nor loses small probabilities", () => {
    const result = compute((b) => b.add("sigmoid", "gate", { x: b.input("x", "f64", [4]) }, {}), {
      x: [0, 1000, -1000, -100],
    });
    expect(result("gate").slice(0, 3)).toEqual([0.5, 1, 0]);
    expect(result("gate")[3]! / Math.exp(-100)).toBeCloseTo(1, 14);
  });
});

describe("affine and multiply", () => {
  test("gate: x · g + z · (1 − g)", () => {
    const result = compute(
      (b) => {
        const [x, g, z] = [b.input("x", "f64", [2]), b.input("g", "f64", [2]), b.input("z", "f64", [2])];
        const rest = b.add("affine", "rest", { x: g }, { scale: -1, shift: 1 }).y;
        const [a, c] = [b.add("multiply", "a", { a: x, b: g }, {}).y, b.add("multiply", "c", { a: z, b: rest }, {}).y];
        return b.add("add", "sum", { a, b: c }, {});
      },
      { x: [8, 3], g: [0.25, 1], z: [4, 7] },
    );
    expect(result("sum")).toEqual([5, 3]);
  });
});

describe("batchNormTrain", () => {
  test("uses the biased variance, and ε inside the root", () => {
    const result = compute(
      (b) =>
        b.add(
          "batchNormTrain",
          "bn",
          {
            x: b.input("x", "f64", [2, 1, 1, 1]),
            scale: b.input("scale", "f64", [1]),
            shift: b.input("shift", "f64", [1]),
          },
          { epsilon: 3 },
        ),
      { x: [1, 3], scale: [4], shift: [10] },
    );
    expect(result("bn.mean")).toEqual([2]);
    expect(result("bn.variance")).toEqual([1]);
    expect(result("bn.y")).toEqual([8, 12]);
  });
});

describe("softmaxCrossEntropy", () => {
  const loss = (logits: readonly number[], label: number, labelSmoothing: number) =>
    compute(
      (b) =>
        b.add(
          "softmaxCrossEntropy",
          "loss",
          { logits: b.input("logits", "f64", [1, 2]), labels: b.input("labels", "i32", [1]) },
          { labelSmoothing },
        ),
      { logits, labels: [label] },
    );

  test("neither overflows nor meets the logarithm of zero", () => {
    expect(loss([1000, -1000], 1, 0)("loss.loss")).toEqual([2000]);
    expect(loss([1000, -1000], 0, 0)("loss.loss")).toEqual([0]);
    expect(loss([1000, -1000], 0, 0)("loss.probabilities")).toEqual([1, 0]);
  });
  test("smoothed targets are (1 − ε)·onehot + ε / K", () => {
    // log p = −log(1 + e⁻²) and that − 2, weighted 0.9 and 0.1
    expect(loss([1, -1], 0, 0.2)("loss.loss")[0]).toBeCloseTo(Math.log1p(Math.exp(-2)) + 0.1 * 2, 15);
  });
  test("refuses a label that is no class", () => {
    expect(() => loss([0, 0], 2, 0)).toThrow("loss: the label of image 0 is 2, but classes are numbered 0 to 1");
  });
});

describe("dropout", () => {
  test("drops element i when number i mod 4 of block ⌊i / 4⌋ is below rate · 2³²", () => {
    const key = [12, 34] as const;
    const [rate, stream, n] = [0.3, 5, 10];
    const result = compute(
      (b) =>
        b.add("dropout", "drop", { x: b.input("x", "f64", [n]), key: b.input("key", "i32", [2]) }, { rate, stream }),
      { x: Array.from({ length: n }, (_, i) => i + 1), key },
    );
    const expected = Array.from({ length: n }, (_, i) => {
      const numbers = philox4x32([key[0], randomPurposes.dropout], [Math.floor(i / 4), 0, stream, key[1]]);
      return numbers[i % 4]! < rate * 2 ** 32 ? 0 : (i + 1) / (1 - rate);
    });
    expect(result("drop")).toEqual(expected);
    expect(new Set(expected.map((y) => y === 0)).size).toBe(2);
  });
});

describe("relu", () => {
  test("keeps NaN, and its gradient is 0 at 0", () => {
    const result = compute(
      (b) => {
        const { y } = b.add("relu", "relu", { x: b.input("x", "f64", [4]) }, {});
        return b.add("reluBackward", "dx", { y, dy: b.input("dy", "f64", [4]) }, {});
      },
      { x: [-1, 0, 2, nan], dy: [1, 1, 1, 1] },
    );
    expect(result("relu")).toEqual([0, 0, 2, nan]);
    expect(result("dx")).toEqual([0, 0, 1, 0]);
  });
});

describe("a result in f32", () => {
  test("is rounded once: sums run in f64", () => {
    const result = compute((b) => b.add("sumOfSquares", "norm", { x: b.input("x", "f32", [3]) }, {}), {
      x: [4096, 1, 1], // 2²⁴ + 1 is no f32 number, 2²⁴ + 2 is
    });
    expect(result("norm")).toEqual([2 ** 24 + 2]);
  });
});
