// Batch norm of a network that no longer learns, folded into the convolution before it: (conv − mean) · scale / √(variance + ε) + shift
// is a convolution with other filters and a bias. What the filters become is computed in the part `prepare`, once for a state.
import { GraphBuilder } from "../graph/builder.ts";
import { type Graph, operandsOf, resultsOf } from "../graph/graph.ts";
import type { Node, NodeOf } from "../graph/ops.ts";

/** A batch norm and the convolution before it. */
export interface Folding {
  readonly conv: NodeOf<"conv2d">;
  /** The convolution's own bias, where it has one. */
  readonly bias: NodeOf<"addBias"> | null;
  readonly norm: NodeOf<"batchNormInference">;
}

/**
 * Replaces every chain conv2d (+ addBias) + batchNormInference by conv2d + addBias over folded weights, where nothing else reads what
 * lies between, and weights and statistics are states. The values keep the names of the nodes that made them: that of a folded
 * convolution is what it was, scaled. Other batch norms, those of pre-activation networks that follow an addition, stay.
 */
export const foldBatchNorm = (graph: Graph): Graph => {
  const foldings = findFoldings(graph);
  const builder = new GraphBuilder();
  for (const { name, dtype, shape } of graph.inputs) builder.input(name, dtype, shape);
  for (const { name, dtype, shape } of graph.states) builder.state(name, dtype, shape);
  for (const node of graph.nodes) if (node.part === "prepare") builder.append(node);

  const replaced = new Map<Node, readonly Node[]>();
  builder.part("prepare");
  for (const { conv, bias, norm } of foldings) {
    const { x: _, ...vectors } = norm.operands;
    const operands = { weight: conv.operands.weight, ...vectors, ...(bias && { bias: bias.operands.bias }) };
    const folded = builder.add("foldBatchNorm", `${conv.name}.folded`, operands, { epsilon: norm.params.epsilon });
    replaced.set(conv, [{ ...conv, operands: { x: conv.operands.x, weight: folded.weight } }]);
    if (bias) replaced.set(bias, []);
    const { name, part, results } = norm;
    replaced.set(norm, [
      { kind: "addBias", name, part, operands: { x: conv.results.y, bias: folded.bias }, params: {}, results },
    ]);
  }
  for (const node of graph.nodes) {
    if (node.part !== "prepare") for (const each of replaced.get(node) ?? [node]) builder.append(each);
  }
  for (const value of graph.outputs) builder.output(value);
  for (const { state, value } of graph.updates) builder.update(state, value);
  return builder.build();
};

/** The chains that can be folded: nobody else reads what lies between, and weights and statistics are states. */
export const findFoldings = (graph: Graph): readonly Folding[] => {
  const makers = new Map<string, Node>();
  const reads = new Map<string, number>();
  const read = (name: string): void => void reads.set(name, (reads.get(name) ?? 0) + 1);
  for (const node of graph.nodes) {
    for (const [, { name }] of operandsOf(node)) read(name);
    for (const [, { name }] of resultsOf(node)) makers.set(name, node);
  }
  for (const { name } of graph.outputs) read(name);
  for (const { value } of graph.updates) read(value.name);
  const states = new Set(graph.states.map(({ name }) => name));
  const fixed = (node: Node): boolean =>
    operandsOf(node).every(([operand, { name }]) => operand === "x" || states.has(name));
  /** The node that made a value for one reader alone. */
  const madeFor = (name: string): Node | undefined => (reads.get(name) === 1 ? makers.get(name) : undefined);

  return graph.nodes.flatMap((norm): readonly Folding[] => {
    if (norm.kind !== "batchNormInference" || !fixed(norm)) return [];
    const before = madeFor(norm.operands.x.name);
    const bias = before?.kind === "addBias" && fixed(before) ? before : null;
    const conv = bias ? madeFor(bias.operands.x.name) : before;
    return conv?.kind === "conv2d" && fixed(conv) ? [{ conv, bias, norm }] : [];
  });
};
