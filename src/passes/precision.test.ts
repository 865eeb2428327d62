import { describe, expect, test } from "vitest";
import { GraphBuilder } from "../graph/builder.ts";
import { padding } from "../graph/geometry.ts";
import { printGraph } from "../graph/print.ts";
import { verifyGraph } from "../graph/verify.ts";
import { differentiate } from "./differentiate.ts";
import { toBf16, withPrecision } from "./precision.ts";

/** Two convolutions of the same images, added; batch norm, pool, dense, loss. */
const network = () => {
  const b = new GraphBuilder();
  const images = b.input("images", "f32", [2, 3, 4, 4]);
  const params = { stride: [1, 1], padding: padding(0), groups: 1 } as const;
  const weights = ["one.weight", "two.weight"].map((name) => b.state(name, "f32", [4, 3, 1, 1]));
  const [one, two] = [weights[0]!, weights[1]!];
  const a = b.add("conv2d", "one", { x: images, weight: one }, params).y;
  const c = b.add("conv2d", "two", { x: images, weight: two }, params).y;
  const sum = b.add("add", "sum", { a, b: c }, {}).y;
  const [scale, shift] = [b.state("bn.weight", "f32", [4]), b.state("bn.bias", "f32", [4])];
  const x = { ...sum, shape: [2, 4, 4, 4] } as const;
  const bn = b.add("batchNormTrain", "bn", { x, scale, shift }, { epsilon: 1e-5 });
  const pooled = b.add("globalAveragePool", "pool", { x: bn.y }, {}).y;
  const [matrix, bias] = [b.state("fc.weight", "f32", [5, 4]), b.state("fc.bias", "f32", [5])];
  const logits = b.add("dense", "fc", { x: pooled, weight: matrix, bias }, {}).y;
  const labels = b.input("labels", "i32", [2]);
  const { loss } = b.add("softmaxCrossEntropy", "loss", { logits, labels }, { labelSmoothing: 0 });
  b.output(loss);
  b.output(logits);
  return { graph: b.build(), loss, parameters: [one, two, scale, shift, matrix, bias] };
};

describe("toBf16(graph)", () => {
  test("casts images and weights once, computes maps in bf16, and keeps statistics, head and loss in f32", () => {
    expect(printGraph(verifyGraph(toBf16(network().graph)))).toMatchInlineSnapshot(`
      "input images f32[2, 3, 4, 4]
      input labels i32[2]
      state one.weight f32[4, 3, 1, 1]
      state two.weight f32[4, 3, 1, 1]
      state bn.weight f32[4]
      state bn.bias f32[4]
      state fc.weight f32[5, 4]
      state fc.bias f32[5]
      step:
        images.bf16 bf16[2, 3, 4, 4] = cast(x: images) dtype="bf16"
        one.weight.bf16 bf16[4, 3, 1, 1] = cast(x: one.weight) dtype="bf16"
        one bf16[2, 4, 4, 4] = conv2d(x: images.bf16, weight: one.weight.bf16) stride=[1,1] padding={"top":0,"left":0,"bottom":0,"right":0} groups=1
        two.weight.bf16 bf16[4, 3, 1, 1] = cast(x: two.weight) dtype="bf16"
        two bf16[2, 4, 4, 4] = conv2d(x: images.bf16, weight: two.weight.bf16) stride=[1,1] padding={"top":0,"left":0,"bottom":0,"right":0} groups=1
        sum bf16[2, 4, 4, 4] = add(a: one, b: two)
        bn.y bf16[2, 4, 4, 4], bn.mean f32[4], bn.variance f32[4] = batchNormTrain(x: sum, scale: bn.weight, shift: bn.bias) epsilon=0.00001
        pool bf16[2, 4] = globalAveragePool(x: bn.y)
        pool.f32 f32[2, 4] = cast(x: pool) dtype="f32"
        fc f32[2, 5] = dense(x: pool.f32, weight: fc.weight, bias: fc.bias)
        loss.loss f32[], loss.probabilities f32[2, 5] = softmaxCrossEntropy(logits: fc, labels: labels) labelSmoothing=0
      output loss.loss f32[]
      output fc f32[2, 5]
      "
    `);
  });

  test("differentiated, has bf16 gradients of maps and f32 gradients of parameters, without a cast of those", () => {
    const { graph, loss, parameters } = network();
    const { graph: whole, gradients } = differentiate(toBf16(graph), loss, parameters);
    verifyGraph(whole);
    expect(parameters.map(({ name }) => gradients.get(name)?.dtype)).toEqual(parameters.map(() => "f32"));
    expect(gradients.get("one.weight")?.name).toBe("one.dWeight");
    expect(gradients.get("sum")?.dtype).toBe("bf16");
    expect(whole.nodes.filter(({ kind }) => kind === "cast").map(({ name }) => name)).toEqual([
      "images.bf16",
      "one.weight.bf16",
      "two.weight.bf16",
      "pool.f32",
      "pool.f32.dx",
    ]);
  });

  test("gives out a bf16 value as its f32 copy", () => {
    const b = new GraphBuilder();
    b.output(b.add("relu", "relu", { x: b.input("x", "f32", [2, 3]) }, {}).y);
    expect(toBf16(b.build()).outputs).toEqual([{ name: "relu.f32", dtype: "f32", shape: [2, 3] }]);
  });

  test("refuses graphs in f64", () => {
    const b = new GraphBuilder();
    b.output(b.add("relu", "relu", { x: b.input("x", "f64", [2, 3]) }, {}).y);
    expect(() => toBf16(b.build())).toThrow("internal error: x is f64: only f32 graphs are computed in bf16");
  });
});

test("withPrecision(graph, f32) is the graph itself", () => {
  const { graph } = network();
  expect(withPrecision(graph, "f32")).toBe(graph);
});
