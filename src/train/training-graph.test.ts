import { describe, expect, test } from "vitest";
import type { Node } from "../graph/ops.ts";
import { verifyGraph } from "../graph/verify.ts";
import { resnet } from "../spec/named-networks.ts";
import { recipe } from "./parse-recipe.ts";
import type { Optimizer } from "./recipe.ts";
import { buildTrainingGraph } from "./training-graph.ts";

const build = (optimizer: Partial<Optimizer> = {}, batch = 2) =>
  buildTrainingGraph(
    resnet(18, { input: [3, 32, 32], classes: 5 }),
    recipe({
      name: "r",
      batch,
      epochs: 1,
      optimizer: { kind: "sgd", weightDecay: 0.01, ...optimizer },
      schedule: { kind: "constant", learningRate: 0.1 },
    }),
  );

const decayOf = (nodes: readonly Node[], parameter: string): number => {
  const node = nodes.find(({ name }) => name === `${parameter}.nextVelocity`);
  return node?.kind === "weightedSum" ? (node.params.coefficients.weight ?? 0) : Number.NaN;
};

describe("buildTrainingGraph(spec, settings)", () => {
  test("is a graph with the inputs, outputs and states that the trainer counts on", () => {
    const { graph, loss, logits, usesDropout } = build();
    verifyGraph(graph);
    expect(graph.inputs.map(({ name }) => name)).toEqual(["images", "labels", "learningRate"]);
    expect(usesDropout).toBe(false);
    expect(graph.outputs.map(({ name }) => name)).toEqual([
      loss.name,
      logits.name,
      "gradientNormSquared",
      "parameterNormSquared",
      "directionNormSquared",
    ]);
    // Every state, whether weight, velocity or running statistic, is updated in each step.
    const updated = graph.updates.map(({ state }) => state.name);
    expect(updated.toSorted()).toEqual(graph.states.map(({ name }) => name).toSorted());
    expect(graph.states.filter(({ name }) => name.endsWith(".velocity"))).toHaveLength(62);
  });

  test.each([
    [{}, [0.01, 0.01, 0.01, 0.01]],
    [{ decayBatchNorm: false }, [0.01, 0, 0, 0.01]],
    [{ decayBias: false }, [0.01, 0.01, 0.01, 0]],
    [{ weightDecay: 0 }, [0, 0, 0, 0]],
  ])("lets with %j what the recipe says decay", (optimizer, expected) => {
    const { nodes } = build(optimizer).graph;
    const parameters = ["layer1.0.conv1.weight", "layer1.0.bn1.weight", "layer1.0.bn1.bias", "fc.bias"];
    expect(parameters.map((parameter) => decayOf(nodes, parameter))).toEqual(expected);
    expect(decayOf(nodes, "fc.weight")).toBe(expected[0]);
  });

  test("needs no velocities without momentum", () => {
    expect(build({ momentum: 0 }).graph.states.some(({ name }) => name.endsWith(".velocity"))).toBe(false);
  });

  test("refuses a batch that batch norm can't train on", () => {
    expect(() => build({}, 1)).toThrow(/can't train on a batch of one image with a map of 1×1/);
  });
});
