// The comparison has to notice: engines that are wrong on purpose, in one node of a whole training step.
import { describe, expect, test } from "vitest";
import { compareGraph, worstOf } from "../../src/engine/conformance/compare-graph.ts";
import { compareElements } from "../../src/engine/conformance/compare-values.ts";
import type { Engine } from "../../src/engine/contract.ts";
import { createReferenceEngine } from "../../src/engine/reference/engine.ts";
import type { Graph } from "../../src/graph/graph.ts";
import type { Node } from "../../src/graph/ops.ts";
import { makePlan } from "../../src/plan/plan.ts";
import { namedSpec } from "../../src/spec/named-networks.ts";
import { trainingStep } from "./training-step.ts";

/** The reference engine, which runs another graph than it is handed. */
const wrongEngine = async (mistake: (node: Node) => Node): Promise<Engine> => {
  const engine = await createReferenceEngine();
  const mistaken = (graph: Graph): Graph => ({ ...graph, nodes: graph.nodes.map(mistake) });
  return {
    name: engine.name,
    fusions: engine.fusions,
    bf16: engine.bf16,
    int8: engine.int8,
    threads: engine.threads,
    createState: (tensors) => engine.createState(tensors),
    compile: (plan, state) => engine.compile(makePlan(mistaken(plan.graph)), state),
    dispose: () => engine.dispose(),
  };
};

const { graph, tensors } = trainingStep(namedSpec("resnet20", { input: [3, 8, 8], classes: 10 }), 4);

describe("compareGraph(engine, graph, tensors)", () => {
  test("accepts the reference engine in f32", async () => {
    const comparisons = await compareGraph(await createReferenceEngine(), graph, tensors);
    expect(worstOf(comparisons).share).toBeLessThan(1);
  });

  const mistakes: Readonly<Record<string, (node: Node) => Node>> = {
    "an ε of 1.01e-4 in the first batch norm": (node) =>
      node.kind === "batchNormTrain" && node.name === "bn1" ? { ...node, params: { epsilon: 1.01e-4 } } : node,
    "TensorFlow's ε in one backward batch norm": (node) =>
      node.kind === "batchNormBackward" && node.name === "layer2.1.bn2.backward"
        ? { ...node, params: { epsilon: 1e-3 } }
        : node,
    "label smoothing of 0.1001": (node) =>
      node.kind === "softmaxCrossEntropyBackward" ? { ...node, params: { labelSmoothing: 0.1001 } } : node,
    "a momentum that forgets the decay of one weight": (node) =>
      node.kind === "weightedSum" && node.name === "layer1.0.conv1.weight.nextVelocity"
        ? { ...node, params: { coefficients: { ...node.params.coefficients, weight: 0 } } }
        : node,
    "the shortcut's channels shifted by one": (node) =>
      node.kind === "padChannels"
        ? { ...node, params: { before: node.params.before + 1, after: node.params.after - 1 } }
        : node,
  };
  test.each(Object.keys(mistakes))("refuses %s", async (title) => {
    const mistake = mistakes[title]!;
    expect(graph.nodes.some((node) => mistake(node) !== node)).toBe(true);
    const comparisons = await compareGraph(await wrongEngine(mistake), graph, tensors);
    expect(worstOf(comparisons).share).toBeGreaterThan(1);
  });

  test("refuses NaN", async () => {
    const broken = new Map(tensors);
    const images = tensors.get("images")!;
    const data = images.data.slice();
    data[0] = Number.NaN;
    broken.set("images", { ...images, data });
    expect(worstOf(await compareGraph(await createReferenceEngine(), graph, broken)).share).toBeNaN();
  });
});

describe("compareElements(name, actual, expected, bound, dtype)", () => {
  const expected = Float64Array.of(1, 2, 3);
  const bound = { roundings: 2, magnitude: [1, 2, 3] };

  test("accepts each element within its roundings, and says how much of them was used", () => {
    const actual = Float32Array.of(1, 2 * (1 + 2 ** -23), 3);
    expect(compareElements("y", actual, expected, bound, "f32").share).toBeCloseTo(1, 6);
  });
  test("refuses one more rounding", () => {
    const actual = Float32Array.of(1, 2, 3 * (1 + 3 * 2 ** -23));
    expect(compareElements("y", actual, expected, bound, "f32")).toMatchObject({ name: "y[2]" });
    expect(compareElements("y", actual, expected, bound, "f32").share).toBeGreaterThan(1);
  });
  test("refuses any difference of an exact result, NaN and a wrong length", () => {
    const exact = { roundings: 0, magnitude: [0, 0, 0] };
    expect(compareElements("y", Float32Array.of(1, 2, 3), expected, exact, "f32").share).toBe(0);
    expect(compareElements("y", Float32Array.of(1, 2, 3.0000002), expected, exact, "f32").share).toBe(
      Number.POSITIVE_INFINITY,
    );
    expect(compareElements("y", Float32Array.of(1, Number.NaN, 3), expected, bound, "f32").share).toBeNaN();
    expect(compareElements("y", Float32Array.of(1, 2), expected, bound, "f32").share).toBeNaN();
  });
});
