import { describe, expect, test } from "vitest";
import { invariant } from "../../base/errors.ts";
import { elementCount } from "../../base/shape.ts";
import { tensor } from "../../base/tensor.ts";
import { GraphBuilder } from "../../graph/builder.ts";
import { padding } from "../../graph/geometry.ts";
import type { Graph } from "../../graph/graph.ts";
import type { Node } from "../../graph/ops.ts";
import type { Value } from "../../graph/value.ts";
import { differentiate } from "../../passes/differentiate.ts";
import { fuse } from "../../passes/fuse.ts";
import { toBf16 } from "../../passes/precision.ts";
import { addUpdate } from "../../passes/update.ts";
import { createReferenceEngine } from "../reference/engine.ts";
import type { ElementsOf } from "../reference/kernel.ts";
import { computeNode } from "../reference/kernels.ts";
import { checkNodes } from "./check-nodes.ts";
import { narrowChain } from "./narrow-chain.ts";
import { narrowNode, takePart } from "./narrow-node.ts";
import { randomTensors } from "./random-tensors.ts";
import { wrongEngine } from "./wrong-engine.test.fixture.ts";

/** A training step in bf16, its convolutions large enough to be checked in part. */
const step = (): Graph => {
  const b = new GraphBuilder();
  const images = b.input("images", "f32", [2, 12, 10, 10]);
  const weight = b.state("conv.weight", "f32", [20, 12, 3, 3]);
  const [scale, shift] = [b.state("bn.weight", "f32", [20]), b.state("bn.bias", "f32", [20])];
  const [matrix, bias] = [b.state("fc.weight", "f32", [3, 20]), b.state("fc.bias", "f32", [3])];
  const params = { stride: [1, 1], padding: padding(1), groups: 1 } as const;
  const conv = b.add("conv2d", "conv", { x: images, weight }, params).y;
  const { y } = b.add("batchNormTrain", "bn", { x: conv, scale, shift }, { epsilon: 1e-5 });
  const relu = b.add("relu", "relu", { x: y }, {}).y;
  const pooled = b.add("globalAveragePool", "pool", { x: { ...relu, shape: y.shape } }, {}).y;
  const logits = b.add("dense", "fc", { x: pooled, weight: matrix, bias }, {}).y;
  const labels = b.input("labels", "i32", [2]);
  const { loss } = b.add("softmaxCrossEntropy", "loss", { logits, labels }, { labelSmoothing: 0 });
  b.output(loss);
  const wanted = [images, weight, scale, shift, matrix, bias];
  const { graph, gradients } = differentiate(toBf16(b.build()), loss, wanted);
  const parameters = wanted.slice(1).map((each) => ({
    weight: each,
    gradient: gradients.get(each.name) ?? each,
    weightDecay: 1e-4,
  }));
  return addUpdate(graph, { parameters, optimizer: { kind: "sgd", momentum: 0.9, nesterov: false } });
};

const graph = step();
const tensors = randomTensors(graph, 3);

const wrongNames = async (alter: (node: Node) => Node): Promise<readonly string[]> => {
  const checks = await checkNodes(wrongEngine(await createReferenceEngine(), alter), graph, tensors);
  return checks.filter(({ share }) => !(share <= 1)).map(({ name }) => name.replace(/\[.*/, ""));
};

describe("checkNodes(engine, graph, tensors)", () => {
  test("passes the reference engine, each value within a few of its own roundings", async () => {
    const checks = await checkNodes(await createReferenceEngine(), graph, tensors);
    expect(checks.map(({ name }) => name)).toContain("conv.weight.velocity");
    expect(checks.length).toBeGreaterThan(30);
    for (const { name, share, relative } of checks) {
      expect(share, name).toBeLessThanOrEqual(1);
      expect(relative, name).toBeLessThan(0.02);
    }
  });

  test("names the one node that is wrong, and no other", async () => {
    const backward = await wrongNames((node) =>
      node.kind === "batchNormBackward" ? { ...node, params: { epsilon: 0.01 } } : node,
    );
    expect(new Set(backward)).toEqual(new Set(["bn.backward.dx", "bn.backward.dScale"]));
    const shifted = await wrongNames((node) =>
      node.kind === "conv2dBackwardWeight"
        ? { ...node, params: { ...node.params, padding: { top: 0, left: 1, bottom: 2, right: 1 } } }
        : node,
    );
    expect(shifted).toEqual(["conv.dWeight"]);
  });

  test("finds a weight gradient that is rounded to bf16 on the way", async () => {
    const forgetful = await wrongNames((node) =>
      node.kind === "weightedSum" && node.name === "fc.weight.nextVelocity"
        ? { ...node, params: { coefficients: { ...node.params.coefficients, gradient: 1 + 2 ** -9 } } }
        : node,
    );
    expect(forgetful).toEqual(["fc.weight.nextVelocity"]);
  });

  test("compares a fused chain whose end nobody reads but the caller", async () => {
    const b = new GraphBuilder();
    const x = b.add("cast", "x.bf16", { x: b.input("x", "f32", [2, 3]) }, { dtype: "bf16" }).y;
    const sum = b.add("add", "sum", { a: x, b: x }, {}).y;
    b.output(b.add("cast", "out", { x: b.add("relu", "relu", { x: sum }, {}).y }, { dtype: "f32" }).y);
    const links = [
      { kind: "add", through: null },
      { kind: "relu", through: "x" },
      { kind: "cast", through: "x" },
    ] as const;
    const plain = wrongEngine(await createReferenceEngine(), (node) => node);
    const engine = { ...plain, fusions: [{ name: "add+relu+cast", links }] };
    const numbers = new Map([["x", tensor("f32", [2, 3], Float32Array.of(1, -2, 3, -4, 5, -6))]]);
    expect((await checkNodes(engine, b.build(), numbers)).map(({ name }) => name)).toContain("out");
  });
});

describe("narrowNode(node, elementsOf, channels, seed)", () => {
  test.each(["conv2d", "conv2dBackwardData", "conv2dBackwardWeight", "weightedSum", "descend"] as const)(
    "%s gives what the whole node gives for those channels",
    (kind) => {
      const node = graph.nodes.find((each) => each.kind === kind)!;
      const known = new Map<string, Float64Array>();
      const elementsOf = ({ name, shape }: { readonly name: string; readonly shape: readonly number[] }) => {
        const found =
          known.get(name) ?? Float64Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => Math.sin(i));
        known.set(name, found);
        return found;
      };
      computeNode(node, elementsOf);
      const result = Object.values<{ name: string; shape: readonly number[] }>(node.results)[0]!;
      const narrowed = narrowNode(node, elementsOf, 2, 5)!;
      const part = new Float64Array(2 * (elementsOf(result).length / (result.shape[narrowed.part.axis] ?? 1)));
      computeNode(narrowed.node, (value) => (value.name === result.name ? part : narrowed.elementsOf(value)));
      expect(part).toEqual(takePart(elementsOf(result), result.shape, narrowed.part));
    },
  );
});

describe("narrowChain(node, elementsOf, channels, seed)", () => {
  const b = new GraphBuilder();
  const x = b.input("x", "f64", [2, 6, 5, 5]);
  const shortcut = b.input("shortcut", "f64", [2, 7, 5, 5]);
  const [weight, bias] = [b.state("weight", "f64", [7, 6, 3, 3]), b.state("bias", "f64", [7])];
  const { y } = b.add("conv2d", "conv", { x, weight }, { stride: [1, 1], padding: padding(1), groups: 1 });
  const biased = b.add("addBias", "bias.add", { x: y, bias }, {}).y;
  const sum = b.add("add", "sum", { a: biased, b: shortcut }, {}).y;
  b.output(b.add("relu", "relu", { x: sum }, {}).y);
  const links = [
    { kind: "conv2d", through: null },
    { kind: "addBias", through: "x" },
    { kind: "add", through: "a" },
    { kind: "relu", through: "x" },
  ] as const;
  const chain = fuse(b.build(), [{ name: "chain", links }]).nodes[0]!;

  test("gives what the whole chain gives for those channels", () => {
    invariant(chain.kind === "fused", "the chain is one node");
    const known = new Map<string, Float64Array>();
    const elementsOf: ElementsOf = ({ name, shape }) => {
      const found = known.get(name) ?? Float64Array.from({ length: elementCount(shape) }, (_, i) => Math.sin(i));
      known.set(name, found);
      return found;
    };
    computeNode(chain, elementsOf);
    const narrowed = narrowChain(chain, elementsOf, 3, 1)!;
    const made = new Map<string, Float64Array>();
    for (const node of narrowed.body) {
      for (const { name, shape } of Object.values<Value>(node.results)) {
        made.set(name, new Float64Array(elementCount(shape)));
      }
      computeNode(node, (value) => made.get(value.name) ?? narrowed.elementsOf(value));
    }
    const whole = known.get("relu");
    expect(made.get("relu")).toEqual(takePart(whole!, [2, 7, 5, 5], narrowed.part));
    expect(narrowed.part).toEqual({ axis: 1, start: 2, count: 3 });
  });

  test("leaves whole what reads the convolution's own images once more", () => {
    invariant(chain.kind === "fused", "the chain is one node");
    const body = chain.params.body.map((node) =>
      node.kind === "add" ? { ...node, operands: { ...node.operands, b: x } } : node,
    );
    expect(narrowChain({ ...chain, params: { ...chain.params, body } }, () => new Float64Array(1200), 3, 1)).toBeNull();
  });
});
