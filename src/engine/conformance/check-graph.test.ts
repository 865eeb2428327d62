import { describe, expect, test } from "vitest";
import type { ImageShape } from "../../base/shape.ts";
import { scalar, tensor } from "../../base/tensor.ts";
import { GraphBuilder } from "../../graph/builder.ts";
import { padding } from "../../graph/geometry.ts";
import type { Graph } from "../../graph/graph.ts";
import type { Value } from "../../graph/value.ts";
import { differentiate } from "../../passes/differentiate.ts";
import { foldBatchNorm } from "../../passes/fold-batch-norm.ts";
import { toBf16 } from "../../passes/precision.ts";
import { addUpdate } from "../../passes/update.ts";
import type { Engine } from "../contract.ts";
import { createReferenceEngine } from "../reference/engine.ts";
import { checkGraph, longestReduction } from "./check-graph.ts";
import { randomTensors } from "./random-tensors.ts";
import { wrongEngine } from "./wrong-engine.test.fixture.ts";

/** A training step of conv, batch norm, relu, pool, dense. */
const smallStep = (): Graph => {
  const builder = new GraphBuilder();
  const images = builder.input("images", "f32", [4, 3, 6, 6]);
  const weight = builder.state("conv.weight", "f32", [8, 3, 3, 3]);
  const scale = builder.state("bn.weight", "f32", [8]);
  const shift = builder.state("bn.bias", "f32", [8]);
  const matrix = builder.state("fc.weight", "f32", [2, 8]);
  const bias = builder.state("fc.bias", "f32", [2]);
  const labels = builder.input("labels", "i32", [4]);
  const params = { stride: [1, 1], padding: padding(1), groups: 1 } as const;
  const conv = builder.add("conv2d", "conv", { x: images, weight }, params).y;
  const { y } = builder.add("batchNormTrain", "bn", { x: conv, scale, shift }, { epsilon: 1e-5 });
  const relu = builder.add("relu", "relu", { x: y }, {}).y;
  const pooled = builder.add("globalAveragePool", "pool", { x: { ...relu, shape: y.shape } }, {}).y;
  const logits = builder.add("dense", "fc", { x: pooled, weight: matrix, bias }, {}).y;
  const { loss } = builder.add("softmaxCrossEntropy", "loss", { logits, labels }, { labelSmoothing: 0 });
  builder.output(loss);
  const parameters = [weight, scale, shift, matrix, bias];
  const { graph, gradients } = differentiate(builder.build(), loss, parameters);
  const learned = parameters.map((each) => ({
    weight: each,
    gradient: gradients.get(each.name) ?? each,
    weightDecay: 0,
  }));
  return addUpdate(graph, { parameters: learned, optimizer: { kind: "sgd", momentum: 0.9, nesterov: false } });
};

const graph = smallStep();
const tensors = new Map([...randomTensors(graph, 3), ["learningRate", scalar("f32", 0.1)] as const]);

const worst = async (engine: Engine): Promise<number> =>
  Math.max(...(await checkGraph(engine, graph, tensors)).map(({ share }) => share));

test("checkGraph(engine, graph, tensors) passes an engine that rounds as f32 does, with errors far below the values", async () => {
  const checks = await checkGraph(await createReferenceEngine(), graph, tensors);
  expect(checks.map(({ name }) => name)).toContain("conv.weight.velocity");
  expect(checks.map(({ name }) => name)).not.toContain("gradientNormSquared");
  for (const { share, relative } of checks) {
    expect(share).toBeLessThanOrEqual(1);
    expect(relative).toBeLessThan(0.01);
  }
});

test("checkGraph finds another epsilon in one backward pass, a missing padding row, and NaN", async () => {
  const engine = await createReferenceEngine();
  const otherEpsilon = wrongEngine(engine, (node) =>
    node.kind === "batchNormBackward" ? { ...node, params: { ...node.params, epsilon: 0.01 } } : node,
  );
  expect(await worst(otherEpsilon)).toBeGreaterThan(1);
  const shifted = wrongEngine(engine, (node) =>
    node.kind === "conv2dBackwardWeight"
      ? { ...node, params: { ...node.params, padding: { top: 0, left: 1, bottom: 2, right: 1 } } }
      : node,
  );
  expect(await worst(shifted)).toBeGreaterThan(1);
  const broken = new Map([...tensors, ["fc.bias", tensor("f32", [2], Float32Array.of(Number.NaN, 0))] as const]);
  const checks = await checkGraph(engine, graph, broken);
  expect(checks.every(({ share }) => share <= 1)).toBe(false);
});

/** A small network as it is evaluated: conv, batch norm, relu where there is one, twice, with a shortcut around the second. */
const evaluation = ({ relu = true, shortcut = true }): Graph => {
  const b = new GraphBuilder();
  const normed = (name: string, x: Value<ImageShape>): Value<ImageShape> => {
    const weight = b.state(`${name}.weight`, "f32", [8, x.shape[1], 3, 3]);
    const of = (vector: string) => b.state(`${name}.bn.${vector}`, "f32", [8]);
    const vectors = { scale: of("weight"), shift: of("bias"), mean: of("running_mean"), variance: of("running_var") };
    const params = { stride: [1, 1], padding: padding(1), groups: 1 } as const;
    const { y } = b.add("conv2d", name, { x, weight }, params);
    return b.add("batchNormInference", `${name}.bn`, { x: y, ...vectors }, { epsilon: 1e-5 }).y;
  };
  const first = normed("conv1", b.input("images", "f32", [4, 3, 6, 6]));
  const x = relu ? b.add("relu", "relu", { x: first }, {}).y : first;
  const branch = normed("conv2", { ...x, shape: first.shape });
  const sum = shortcut ? b.add("add", "sum", { a: branch, b: x }, {}).y : branch;
  const pooled = b.add("globalAveragePool", "pool", { x: { ...sum, shape: first.shape } }, {}).y;
  const [weight, bias] = [b.state("fc.weight", "f32", [3, 8]), b.state("fc.bias", "f32", [3])];
  b.output(b.add("dense", "fc", { x: pooled, weight, bias }, {}).y);
  return b.build();
};

describe("checkGraph of a graph that is run as another, in bf16", () => {
  const definition = evaluation({});
  const numbers = randomTensors(definition, 3);
  const inBf16 = (graph: Graph): Graph => toBf16(foldBatchNorm(graph));
  const worstOf = async (engine: Engine, runAs: Graph): Promise<number> =>
    Math.max(...(await checkGraph(engine, definition, numbers, { runAs })).map(({ share }) => share));

  test("passes what folding and bf16 make of it, its nodes and then its logits", async () => {
    const checks = await checkGraph(await createReferenceEngine(), definition, numbers, { runAs: inBf16(definition) });
    expect(checks.map(({ name }) => name).at(-1)).toBe("fc");
    expect(checks.length).toBeGreaterThan(5);
    for (const { share, relative } of checks) {
      expect(share).toBeLessThanOrEqual(1);
      expect(relative).toBeLessThan(0.1);
    }
  });

  test("finds a relu or shortcut that the other graph lacks, and a wrong bias, though each node is right", async () => {
    const engine = await createReferenceEngine();
    expect(await worstOf(engine, inBf16(evaluation({ relu: false })))).toBeGreaterThan(1);
    expect(await worstOf(engine, inBf16(evaluation({ shortcut: false })))).toBeGreaterThan(1);
    const folded = inBf16(definition);
    const nodes = folded.nodes.map((node) =>
      node.kind === "addBias" && node.name === "conv2.bn"
        ? { ...node, operands: { ...node.operands, bias: { ...node.operands.bias, name: "conv2.bn.bias" } } }
        : node,
    );
    expect(await worstOf(engine, { ...folded, nodes })).toBeGreaterThan(1);
  });

  test("finds what an engine computes wrong only where no value is observed", async () => {
    const closed = wrongEngine(
      await createReferenceEngine(),
      (node) =>
        node.kind === "conv2d"
          ? { ...node, params: { ...node.params, padding: { top: 0, left: 1, bottom: 2, right: 1 } } }
          : node,
      ({ graph: { outputs } }) => outputs.length === 1,
    );
    expect(await worstOf(closed, inBf16(definition))).toBeGreaterThan(1);
  });
});

test("longestReduction(graph) is the longest sum of products of the step", () => {
  expect(longestReduction(graph)).toBe(4 * 6 * 6); // the convolution's gradient by its weights: N·H′·W′
});
