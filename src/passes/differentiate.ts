// Reverse-mode differentiation, graph in, graph out: walks the nodes that lie between the wanted values and the loss backwards,
// looks each up in the table, and adds what arrives at a value from its several readers. No recursion: depth costs no stack.
import { invariant } from "../base/errors.ts";
import type { ScalarShape, Shape } from "../base/shape.ts";
import { GraphBuilder } from "../graph/builder.ts";
import { type Graph, operandsOf, resultsOf } from "../graph/graph.ts";
import type { ForwardKind, Node } from "../graph/ops.ts";
import type { Value } from "../graph/value.ts";
import { type GradientContext, gradientRules } from "./gradient-rules.ts";

export interface Differentiated {
  readonly graph: Graph;
  /** By name: the gradient of the loss by every wanted value, and by every value on the way to one. */
  readonly gradients: ReadonlyMap<string, Value>;
}

const isForward = (node: Node): node is Node<ForwardKind> => node.kind in gradientRules;

/**
 * Extends the graph by the gradients of `loss`, a scalar, by the values `wanted` (states or inputs, say).
 * Throws when one of them doesn't reach the loss, or when a node on the way has no gradient rule.
 */
export const differentiate = (graph: Graph, loss: Value<ScalarShape>, wanted: readonly Value[]): Differentiated => {
  const builder = GraphBuilder.from(graph);
  const influenced = valuesInfluencedBy(graph, wanted);
  invariant(influenced.has(loss.name), `${loss.name} does not depend on any of the wanted values`);

  // What has arrived at each value so far; a value is complete when all its readers, which come later, have been visited.
  const arrived = new Map<string, Value>();
  const one = { value: 1, shape: [], dtype: loss.dtype === "f64" ? "f64" : "f32" } as const;
  arrived.set(loss.name, builder.add("constant", `${loss.name}.seed`, {}, one).y);
  let sums = 0;
  const arrive = (value: Value, gradient: Value): void => {
    const before = arrived.get(value.name);
    const sum = before && builder.add("add", `${value.name}.gradient${sums++}`, { a: before, b: gradient }, {}).y;
    arrived.set(value.name, sum ?? gradient);
  };

  const context: GradientContext = {
    gradientOf: <S extends Shape>(result: Value<S>): Value<S> | null => {
      const gradient = arrived.get(result.name);
      return gradient ? { name: gradient.name, dtype: gradient.dtype, shape: result.shape } : null;
    },
    wanted: ({ name }) => influenced.has(name),
    builder,
  };

  for (let i = graph.nodes.length - 1; i >= 0; i--) {
    const node = graph.nodes[i];
    if (node === undefined || node.part !== "step") continue;
    if (!resultsOf(node).some(([, value]) => arrived.has(value.name))) continue;
    if (!operandsOf(node).some(([, value]) => influenced.has(value.name))) continue;
    invariant(isForward(node), `${node.name}: ${node.kind} has no gradient rule`);
    const gradients = applyRule(node, context);
    for (const [operand, value] of operandsOf(node)) {
      const gradient = gradients[operand];
      if (gradient && influenced.has(value.name)) arrive(value, gradient);
    }
  }
  for (const { name } of wanted) invariant(arrived.has(name), `${loss.name} does not depend on ${name}`);
  return { graph: builder.build(), gradients: arrived };
};

const applyRule = <K extends ForwardKind>(node: Node<K>, context: GradientContext): Record<string, Value | null> =>
  gradientRules[node.kind](node, context);

/** Everything that depends on one of the values, and the values themselves. */
const valuesInfluencedBy = (graph: Graph, values: readonly Value[]): ReadonlySet<string> => {
  const influenced = new Set(values.map(({ name }) => name));
  for (const node of graph.nodes) {
    if (!operandsOf(node).some(([, value]) => influenced.has(value.name))) continue;
    for (const [, value] of resultsOf(node)) influenced.add(value.name);
  }
  return influenced;
};
