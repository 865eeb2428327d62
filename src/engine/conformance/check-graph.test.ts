import { expect, test } from "vitest";
import { scalar, tensor } from "../../base/tensor.ts";
import { GraphBuilder } from "../../graph/builder.ts";
import { padding } from "../../graph/geometry.ts";
import type { Graph } from "../../graph/graph.ts";
import type { Node } from "../../graph/ops.ts";
import { differentiate } from "../../passes/differentiate.ts";
import { addUpdate } from "../../passes/update.ts";
import type { Engine } from "../contract.ts";
import { createReferenceEngine } from "../reference/engine.ts";
import { checkGraph, longestReduction } from "./check-graph.ts";
import { randomTensors } from "./random-tensors.ts";

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
  return addUpdate(graph, { parameters: learned, momentum: 0.9, nesterov: false });
};

const graph = smallStep();
const tensors = new Map([...randomTensors(graph, 3), ["learningRate", scalar("f32", 0.1)] as const]);

/** An engine that computes some node otherwise than the graph says. */
const wrongEngine = (engine: Engine, alter: (node: Node) => Node): Engine => ({
  name: engine.name,
  fusions: engine.fusions,
  bf16: engine.bf16,
  createState: (each) => engine.createState(each),
  compile: (plan, state) => engine.compile({ ...plan, order: plan.order.map(alter) }, state),
  dispose: () => engine.dispose(),
});

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

test("longestReduction(graph) is the longest sum of products of the step", () => {
  expect(longestReduction(graph)).toBe(4 * 6 * 6); // the convolution's gradient by its weights: N·H′·W′
});
