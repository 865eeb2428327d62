import { describe, expect, test } from "vitest";
import { GraphBuilder } from "../graph/builder.ts";
import { type Graph, resultsOf } from "../graph/graph.ts";
import type { Node } from "../graph/ops.ts";
import { verifyGraph } from "../graph/verify.ts";
import { addUpdate, type UpdateOptions } from "./update.ts";

/** One-element tensors suffice: the update works element by element. Computes what the pass adds, in f64. */
const compute = (node: Node, at: (name: string) => number): number | null => {
  if (node.kind === "weightedSum") {
    const { coefficients } = node.params;
    return Object.entries(node.operands).reduce((sum, [key, value]) => sum + coefficients[key]! * at(value.name), 0);
  }
  if (node.kind === "descend") {
    const { weight, direction, learningRate } = node.operands;
    return at(weight.name) - at(learningRate.name) * at(direction.name);
  }
  if (node.kind === "sumOfSquares") {
    return Object.values(node.operands).reduce((sum, { name }) => sum + at(name) ** 2, 0);
  }
  return null;
};

const runUpdate = (graph: Graph, inputs: Record<string, number>, state: Record<string, number>) => {
  const values = new Map(Object.entries({ ...inputs, ...state }));
  const at = (name: string): number => values.get(name) ?? Number.NaN;
  for (const node of graph.nodes) {
    const value = compute(node, at);
    if (value !== null) for (const [, { name }] of resultsOf(node)) values.set(name, value);
  }
  const next = { ...state };
  for (const update of graph.updates) next[update.state.name] = at(update.value.name);
  return { next, at };
};

/** A graph whose gradients are inputs. */
const graphWith = (options: Omit<UpdateOptions, "parameters">, weightDecays: Record<string, number>) => {
  const builder = new GraphBuilder();
  const parameters = Object.entries(weightDecays).map(([name, weightDecay]) => ({
    weight: builder.state(name, "f64", [1]),
    gradient: builder.input(`${name}.gradient`, "f64", [1]),
    weightDecay,
  }));
  return verifyGraph(addUpdate(builder.build(), { ...options, parameters }));
};

const gradients = [0.5, -1.25, 2, 0.125];

describe("addUpdate(graph, options)", () => {
  // torch.optim.SGD: d = g + λw; v = μv + d; d = d + μv with Nesterov, else v; w −= ηd.
  test.each([
    { momentum: 0.9, nesterov: false, weightDecay: 5e-4 },
    { momentum: 0.9, nesterov: true, weightDecay: 5e-4 },
    { momentum: 0.9, nesterov: true, weightDecay: 0 },
    { momentum: 0, nesterov: false, weightDecay: 0.1 },
    { momentum: 0, nesterov: false, weightDecay: 0 },
  ])("takes the steps of PyTorch's SGD with %j", ({ momentum, nesterov, weightDecay }) => {
    const graph = graphWith({ optimizer: { kind: "sgd", momentum, nesterov } }, { w: weightDecay });
    let state: Record<string, number> = momentum === 0 ? { w: 0.75 } : { w: 0.75, "w.velocity": 0 };
    let [w, v] = [0.75, 0];
    for (const gradient of gradients) {
      const { next, at } = runUpdate(graph, { "w.gradient": gradient, learningRate: 0.1 }, state);
      let d = gradient + weightDecay * w;
      v = momentum * v + d;
      d = nesterov ? d + momentum * v : v;
      w -= 0.1 * d;
      state = next;
      expect(state.w).toBeCloseTo(w, 14);
      expect(Math.sqrt(at("directionNormSquared"))).toBeCloseTo(Math.abs(d), 14);
      expect(Math.sqrt(at("parameterNormSquared"))).toBeCloseTo(Math.abs(w), 14);
      expect(Math.sqrt(at("gradientNormSquared"))).toBeCloseTo(Math.abs(gradient), 14);
    }
  });

  test("lets only those parameters decay that have a decay", () => {
    const graph = graphWith(
      { optimizer: { kind: "sgd", momentum: 0.9, nesterov: false } },
      { "conv.weight": 0.1, "bn.weight": 0 },
    );
    const inputs = { "conv.weight.gradient": 0, "bn.weight.gradient": 0, learningRate: 1 };
    const state = { "conv.weight": 1, "conv.weight.velocity": 0, "bn.weight": 1, "bn.weight.velocity": 0 };
    const { next, at } = runUpdate(graph, inputs, state);
    expect(next["conv.weight"]).toBeCloseTo(0.9, 15);
    expect(next["bn.weight"]).toBe(1);
    expect(at("gradientNormSquared")).toBe(0);
    expect(at("directionNormSquared")).toBeCloseTo(0.01, 15);
  });

  test("puts everything that changes state into the part update, and the norms into measure", () => {
    const graph = graphWith({ optimizer: { kind: "sgd", momentum: 0.9, nesterov: true } }, { w: 0.1 });
    expect(graph.nodes.map(({ kind, part }) => `${part} ${kind}`)).toEqual([
      "update weightedSum",
      "update weightedSum",
      "update descend",
      "measure sumOfSquares",
      "measure sumOfSquares",
      "measure sumOfSquares",
    ]);
    expect(graph.updates.map(({ state }) => state.name)).toEqual(["w.velocity", "w"]);
  });

  test("moves a parameter by its own factor of the learning rate, and counts the update's norm so", () => {
    const builder = new GraphBuilder();
    const parameter = (name: string, rateFactor: number) => ({
      weight: builder.state(name, "f64", [1]),
      gradient: builder.input(`${name}.gradient`, "f64", [1]),
      weightDecay: 0,
      rateFactor,
    });
    const parameters = [parameter("body", 1), parameter("head", 10)];
    const graph = verifyGraph(
      addUpdate(builder.build(), { parameters, optimizer: { kind: "sgd", momentum: 0, nesterov: false } }),
    );
    const inputs = { "body.gradient": 0.5, "head.gradient": -0.25, learningRate: 0.125 };
    const { next, at } = runUpdate(graph, inputs, { body: 1, head: 2 });
    expect(next).toEqual({ body: 1 - 0.125 * 0.5, head: 2 + 0.125 * 10 * 0.25 });
    expect(at("directionNormSquared")).toBe(0.5 ** 2 + 2.5 ** 2);
  });
});
