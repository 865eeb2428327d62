// Says whether a graph is one: every value defined once and before its use, of the shape its node gives it, parts in order.
// Passes are checked with it in tests; engines check what they are handed.
import { sameShape } from "../base/shape.ts";
import { type Graph, operandsOf, resultsOf } from "./graph.ts";
import { type Node, type OpKind, parts } from "./ops.ts";
import { shapeOf } from "./shape-rules.ts";
import { formatValue, type Value } from "./value.ts";

function problem(text: string): never {
  throw new Error(`not a graph: ${text}`);
}

const sameValue = (a: Value, b: Value): boolean =>
  a.name === b.name && a.dtype === b.dtype && sameShape(a.shape, b.shape);

const resultsByRule = <K extends OpKind>(node: Node<K>): Readonly<Record<string, Value>> =>
  shapeOf(node.kind, node.name, node.operands, node.params);

/** The results of a fused node are those of its body; the body sees only the node's operands. */
const verifyBody = (node: Node<"fused">): void => {
  const known = new Map(operandsOf(node).map(([, value]) => [value.name, value]));
  for (const inner of node.params.body) verifyNode(inner, known);
  for (const [, value] of resultsOf(node)) {
    if (!known.has(value.name)) problem(`${node.name}: its body doesn't compute ${value.name}`);
  }
};

const verifyNode = (node: Node, known: Map<string, Value>): void => {
  for (const [operand, value] of operandsOf(node)) {
    const defined = known.get(value.name);
    if (defined === undefined) problem(`${node.name}: its ${operand} ${value.name} is not defined before it`);
    if (!sameValue(defined, value)) {
      problem(`${node.name}: its ${operand} is ${formatValue(value)}, but defined as ${formatValue(defined)}`);
    }
  }
  if (node.kind === "fused") verifyBody(node);
  else {
    const expected = resultsByRule(node);
    for (const [result, value] of resultsOf(node)) {
      const byRule = expected[result];
      if (byRule === undefined || byRule.dtype !== value.dtype || !sameShape(byRule.shape, value.shape)) {
        problem(
          `${node.name}: its ${result} is ${formatValue(value)}, which is not what ${node.kind} makes of its operands`,
        );
      }
    }
  }
  for (const [, value] of resultsOf(node)) {
    if (known.has(value.name)) problem(`${node.name}: ${value.name} is defined already`);
    known.set(value.name, value);
  }
};

/** Throws an Error that names the node and what is wrong with it; returns the graph otherwise. */
export const verifyGraph = (graph: Graph): Graph => {
  const known = new Map<string, Value>();
  for (const value of [...graph.inputs, ...graph.states]) {
    if (known.has(value.name)) problem(`${value.name} is defined twice`);
    known.set(value.name, value);
  }
  const inputs = new Set(graph.inputs.map(({ name }) => name));
  let reached = 0;
  for (const node of graph.nodes) {
    const part = parts.indexOf(node.part);
    if (part < reached) problem(`${node.name} of the part ${node.part} comes after the part ${parts[reached]}`);
    reached = part;
    verifyNode(node, known);
    const given = node.part === "prepare" ? operandsOf(node).find(([, { name }]) => inputs.has(name)) : undefined;
    if (given)
      problem(`${node.name} of the part prepare reads the input ${given[1].name}, but states alone are known then`);
  }
  for (const value of graph.outputs) if (!known.has(value.name)) problem(`the output ${value.name} is never computed`);
  const states = new Set(graph.states.map(({ name }) => name));
  for (const { state, value } of graph.updates) {
    if (!states.has(state.name)) problem(`${state.name} is updated but no state`);
    if (!known.has(value.name)) problem(`the update of ${state.name}, ${value.name}, is never computed`);
    if (!sameShape(state.shape, value.shape)) problem(`${state.name} would change its shape to ${formatValue(value)}`);
  }
  return graph;
};
