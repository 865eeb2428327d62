import { describe, expect, test } from "vitest";
import { UsageError } from "../base/errors.ts";
import type { Node } from "../graph/ops.ts";
import { verifyGraph } from "../graph/verify.ts";
import { resnet } from "../spec/named-networks.ts";
import { type RecipeFields, recipe } from "./parse-recipe.ts";
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

const fields = {
  name: "r",
  batch: 2,
  epochs: 1,
  optimizer: { kind: "sgd", weightDecay: 0.01 },
  schedule: { kind: "constant", learningRate: 0.1 },
} as const;
/** Of resnet18 with a part frozen. */
const frozen = (changes: Partial<RecipeFields>) =>
  buildTrainingGraph(resnet(18, { input: [3, 32, 32], classes: 5 }), recipe({ ...fields, ...changes }));

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

  test("has, with the body frozen, no backward nodes but the head's, and updates the head alone", () => {
    const { graph } = frozen({ freeze: "body" });
    verifyGraph(graph);
    const backward = graph.nodes.filter(({ kind, part }) => part === "step" && /Backward|^constant$/.test(kind));
    expect(backward.map(({ kind }) => kind)).toEqual([
      "constant",
      "softmaxCrossEntropyBackward",
      "denseBackwardWeight",
    ]);
    expect(graph.nodes.filter(({ kind }) => kind === "batchNormTrain")).toEqual([]);
    expect(graph.updates.map(({ state }) => state.name)).toEqual([
      "fc.weight.velocity",
      "fc.weight",
      "fc.bias.velocity",
      "fc.bias",
    ]);
    // Running statistics are read, so they are states, and nothing updates them.
    expect(graph.states.filter(({ name }) => name.endsWith("running_mean"))).toHaveLength(20);
  });

  test("goes back, with two stages frozen, as far as the third", () => {
    const { graph } = frozen({ freeze: { stages: 2 } });
    const updated = graph.updates.map(({ state }) => state.name);
    expect(updated.filter((name) => /^(conv1|bn1|layer[12])\b/.test(name))).toEqual([]);
    expect(updated).toContain("layer3.0.bn1.running_var");
    expect(updated).toContain("layer3.0.downsample.0.weight");
    const dataGradients = graph.nodes.filter(({ kind }) => kind === "conv2dBackwardData");
    expect(dataGradients.map(({ name }) => name)).not.toContain("layer3.0.conv1.dx");
    expect(dataGradients.map(({ name }) => name)).toContain("layer3.0.conv2.dx");
  });

  test("keeps running statistics out of the update with fixed statistics, and scales and shifts too when frozen", () => {
    const updatedWith = (batchNorm: "fixed-statistics" | "frozen") =>
      frozen({ batchNorm }).graph.updates.map(({ state }) => state.name);
    const fixed = updatedWith("fixed-statistics");
    expect(fixed.filter((name) => name.includes("running"))).toEqual([]);
    expect(fixed.filter((name) => !name.endsWith("velocity"))).toHaveLength(62);
    expect(updatedWith("frozen").filter((name) => !name.endsWith("velocity"))).toHaveLength(62 - 40);
  });

  test("moves the head by its own factor of the learning rate", () => {
    const { nodes } = frozen({ headRateFactor: 10 }).graph;
    const scaled = nodes.filter(({ name }) => name.endsWith(".scaledDirection"));
    expect(scaled.map(({ name, params }) => [name, params])).toEqual([
      ["fc.weight.scaledDirection", { coefficients: { direction: 10 } }],
      ["fc.bias.scaledDirection", { coefficients: { direction: 10 } }],
    ]);
  });

  test("refuses to freeze more stages than there are", () => {
    expect(() => frozen({ freeze: { stages: 5 } })).toThrow(
      new UsageError("freeze: 5 stages are to be frozen but resnet18 has 4; freeze fewer, or the body"),
    );
  });

  test("refuses a batch that batch norm can't train on", () => {
    expect(() => build({}, 1)).toThrow(/can't train on a batch of one image with a map of 1×1/);
  });
});
