// Every row of the calculus page against central differences, in f64 on the reference engine.
//
// Take L(θ) = Σ r · y(θ), with random r, over the results through which gradient flows; its gradient is what the rule makes of
// dy = r. With h = ∛u · 2 the difference (L(θ + h) − L(θ − h)) / 2h is off by at most
//   h² · |L‴|            its own error, h² · |L‴| / 6, and 0 for what is linear in the operand
//   + K · u · S / h      rounding: each y is off by at most K · u of the sum of the magnitudes that make it up, K < number of
//                        operand elements + 10
// where S = Σ |r| · (1 + |y|). Operands are of the order of 1 and at least 1/n away from zero and from each other, n being
// the number of elements, so that no maximum and no relu has a kink within h; then |L‴| < 10 · S.
import { describe, expect, test } from "vitest";
import { gradientCases } from "../../test/conformance/gradient-cases.ts";
import { unitRoundoff } from "../base/dtype.ts";
import { permutation, randomPurposes, randomStream } from "../base/philox.ts";
import { elementCount, type Shape } from "../base/shape.ts";
import { type HostTensor, type NamedTensors, tensor } from "../base/tensor.ts";
import type { ProgramOutputs } from "../engine/contract.ts";
import { createReferenceEngine } from "../engine/reference/engine.ts";
import { GraphBuilder } from "../graph/builder.ts";
import { type Graph, operandsOf, resultsOf } from "../graph/graph.ts";
import type { ForwardKind, Node } from "../graph/ops.ts";
import type { Value } from "../graph/value.ts";
import { makePlan } from "../plan/plan.ts";
import { type GradientContext, gradientRules } from "./gradient-rules.ts";

const h = 2 * Math.cbrt(unitRoundoff.f64);
const random = randomStream(20, randomPurposes.synthetic);

/** Reals between −2 and 2 that keep their distance from each other and from zero; for i32, zeros and ones. */
const elementsFor = ({ dtype, shape }: Value): HostTensor => {
  const n = elementCount(shape);
  if (dtype === "i32")
    return tensor(
      "i32",
      shape,
      Int32Array.from({ length: n }, () => random.below(2)),
    );
  const order = permutation(n, random);
  return tensor(
    "f64",
    shape,
    Float64Array.from(order, (place) => ((place + 0.25 - n / 2) * 4) / n),
  );
};

const isForward = (node: Node): node is Node<ForwardKind> => node.kind in gradientRules;
const applyRule = <K extends ForwardKind>(node: Node<K>, context: GradientContext): Record<string, Value | null> =>
  gradientRules[node.kind](node, context);

/** A function of the graph's inputs that runs it in f64; its outputs are valid until the next call. */
const programOf = async (graph: Graph): Promise<(tensors: NamedTensors) => Promise<ProgramOutputs>> => {
  const engine = await createReferenceEngine();
  const program = await engine.compile(makePlan(graph), await engine.createState(new Map()));
  return (tensors) => program.run(Object.fromEntries(tensors));
};

/** The graph of a case with all results as outputs, and its last node. */
const forwardOf = (build: (builder: GraphBuilder) => object): { graph: Graph; node: Node<ForwardKind> } => {
  const builder = new GraphBuilder();
  build(builder);
  const node = builder.build().nodes.at(-1);
  if (node === undefined || !isForward(node)) throw new Error("the case ends in no forward operation");
  for (const [, value] of resultsOf(node)) builder.output(value);
  return { graph: builder.build(), node };
};

/** Extends the graph by the rule's nodes. The gradients by the results in `through` are inputs called `r.` and the result. */
const backwardOf = (
  forward: Graph,
  node: Node<ForwardKind>,
  through: readonly string[],
  given: readonly string[] = [],
) => {
  const builder = GraphBuilder.from({ ...forward, outputs: [] });
  const flowing = resultsOf(node).filter(([result]) => through.includes(result));
  const seeds = new Map(flowing.map(([, { name, shape }]) => [name, builder.input(`r.${name}`, "f64", shape)]));
  const gradients = applyRule(node, {
    gradientOf: <S extends Shape>({ name, shape }: Value<S>): Value<S> | null => {
      const seed = seeds.get(name);
      return seed ? { name: seed.name, dtype: seed.dtype, shape } : null;
    },
    wanted: ({ name }) => !given.includes(name),
    builder,
  });
  for (const value of Object.values(gradients)) if (value) builder.output(value);
  return { graph: builder.build(), gradients, seeds };
};

const nudged = (tensors: NamedTensors, name: string, i: number, by: number): NamedTensors => {
  const { dtype, shape, data } = tensors.get(name)!;
  const copy = data.slice();
  copy[i]! += by;
  return new Map([...tensors, [name, { dtype, shape, data: copy }]]);
};

const compare = async (
  build: (builder: GraphBuilder) => object,
  through: readonly string[],
  given: readonly string[],
): Promise<void> => {
  const { graph, node } = forwardOf(build);
  const without = operandsOf(node).filter(([operand]) => given.includes(operand));
  const backward = backwardOf(
    graph,
    node,
    through,
    without.map(([, { name }]) => name),
  );
  const tensors = new Map(graph.inputs.map((value) => [value.name, elementsFor(value)]));
  const weights = new Map([...backward.seeds].map(([name, seed]) => [name, elementsFor(seed)]));
  const seeds = [...backward.seeds].map(([name, seed]) => [seed.name, weights.get(name)!] as const);
  const gradients = await (await programOf(backward.graph))(new Map([...tensors, ...seeds]));
  const forward = await programOf(graph);
  const at = async (point: NamedTensors): Promise<ReadonlyMap<string, ArrayLike<number>>> => {
    const outputs = await forward(point);
    return new Map([...weights.keys()].map((name) => [name, outputs[name]!.data.slice()]));
  };

  let S = 0;
  for (const [name, y] of await at(tensors)) {
    const r = weights.get(name)!.data;
    for (let k = 0; k < y.length; k++) S += Math.abs(r[k]!) * (1 + Math.abs(y[k]!));
  }
  const K = 10 + graph.inputs.reduce((sum, { shape }) => sum + elementCount(shape), 0);
  const tolerance = S * (10 * h ** 2 + (K * unitRoundoff.f64) / h);

  for (const [operand, value] of operandsOf(node)) {
    const gradient = backward.gradients[operand];
    if (value.dtype === "i32" || given.includes(operand)) {
      expect(gradient, `labels, keys and given statistics have no gradient`).toBeNull();
      continue;
    }
    if (!gradient) throw new Error(`the rule gives no gradient by ${operand}`);
    expect(gradient.shape).toEqual(value.shape);
    const byRule = gradients[gradient.name]!.data;
    for (let i = 0; i < elementCount(value.shape); i++) {
      const above = await at(nudged(tensors, value.name, i, h));
      const below = await at(nudged(tensors, value.name, i, -h));
      let difference = 0;
      for (const [name, { data: r }] of weights) {
        for (let k = 0; k < r.length; k++) difference += r[k]! * (above.get(name)![k]! - below.get(name)![k]!);
      }
      const off = Math.abs(difference / (2 * h) - byRule[i]!);
      if (!(off <= tolerance)) expect.fail(`${operand}[${i}]: rule ${byRule[i]}, differences ${difference / (2 * h)}`);
    }
  }
};

describe.each(Object.keys(gradientCases))("the gradient rule of %s", (kind) => {
  const row = Object.entries(gradientCases).find(([each]) => each === kind)?.[1];
  const cases: Readonly<Record<string, (builder: GraphBuilder) => object>> = row?.cases ?? {};
  const given: readonly string[] = row?.given ?? [];

  test.each(Object.keys(cases))("equals central differences: %s", (title) =>
    compare(cases[title]!, row?.through ?? [], given),
  );

  test("gives nothing where no gradient arrives", () => {
    const { graph, node } = forwardOf(Object.values(cases)[0]!);
    const without = operandsOf(node).filter(([operand]) => given.includes(operand));
    const { gradients, graph: backward } = backwardOf(
      graph,
      node,
      [],
      without.map(([, { name }]) => name),
    );
    expect(Object.values(gradients).every((gradient) => gradient === null)).toBe(true);
    expect(backward.nodes.length).toBe(graph.nodes.length);
  });
});
