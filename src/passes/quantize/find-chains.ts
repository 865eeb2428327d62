// The convolutions of a network that no longer learns, each with what follows it and can be computed with it: a bias, a residual
// addition, a relu.
import { type Graph, operandsOf, resultsOf } from "../../graph/graph.ts";
import type { Node, NodeOf } from "../../graph/ops.ts";
import type { Value } from "../../graph/value.ts";

export interface ConvolutionChain {
  readonly conv: NodeOf<"conv2d">;
  readonly bias: NodeOf<"addBias"> | null;
  /** What is added, and computed before the convolution; null where nothing is. */
  readonly shortcut: Value | null;
  readonly relu: boolean;
  /** The links from the convolution on; the chain stands where the last one stood. */
  readonly links: readonly Node[];
  /** The last link's. */
  readonly y: Value;
}

/** Who reads each value; an output is read by nobody of these, and once more. */
export const readersOf = (graph: Graph): ReadonlyMap<string, readonly (Node | null)[]> => {
  const readers = new Map<string, (Node | null)[]>();
  const read = (name: string, reader: Node | null): void => {
    const list = readers.get(name);
    if (list) list.push(reader);
    else readers.set(name, [reader]);
  };
  for (const node of graph.nodes) for (const [, { name }] of operandsOf(node)) read(name, node);
  for (const { name } of graph.outputs) read(name, null);
  return readers;
};

/** In the graph's order; no node is in two of them. What lies between links is read by the next link alone. */
export const findChains = (graph: Graph): readonly ConvolutionChain[] => {
  const readers = readersOf(graph);
  const positions = new Map<string, number>();
  graph.nodes.forEach((node, i) => {
    for (const [, { name }] of resultsOf(node)) positions.set(name, i);
  });
  const states = new Set(graph.states.map(({ name }) => name));
  const madeBefore = ({ name }: Value, node: Node): boolean => (positions.get(name) ?? -1) < graph.nodes.indexOf(node);
  const onlyReader = ({ name }: Value): Node | null => {
    const list = readers.get(name) ?? [];
    return list.length === 1 ? (list[0] ?? null) : null;
  };

  return graph.nodes.flatMap((conv): readonly ConvolutionChain[] => {
    if (conv.kind !== "conv2d" || !states.has(conv.operands.weight.name)) return [];
    let chain: ConvolutionChain = { conv, bias: null, shortcut: null, relu: false, links: [conv], y: conv.results.y };
    for (;;) {
      const { y, links } = chain;
      const next = onlyReader(y);
      if (next === null || next.part !== conv.part || chain.relu) return [chain];
      if (next.kind === "addBias" && chain.bias === null && chain.shortcut === null) {
        if (!states.has(next.operands.bias.name)) return [chain];
        chain = { ...chain, bias: next, links: [...links, next], y: next.results.y };
      } else if (next.kind === "add" && chain.shortcut === null) {
        const { a, b } = next.operands;
        const shortcut = a.name === y.name ? b : a;
        // Of two convolutions that meet, the later one adds.
        if (shortcut.name === y.name || !madeBefore(shortcut, conv)) return [chain];
        chain = { ...chain, shortcut, links: [...links, next], y: next.results.y };
      } else if (next.kind === "relu") {
        chain = { ...chain, relu: true, links: [...links, next], y: next.results.y };
      } else return [chain];
    }
  });
};
