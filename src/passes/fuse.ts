// Replaces chains of nodes by single fused ones, as an engine's rules say. A fused node keeps the nodes that it stands for.

import type { FusionRule } from "../graph/fusion-rule.ts";
import { type Graph, operandsOf, resultsOf } from "../graph/graph.ts";
import type { Node, NodeOf } from "../graph/ops.ts";
import type { Value } from "../graph/value.ts";

/** Who reads each value: node indices; Infinity stands for outputs and updates. */
type Readers = ReadonlyMap<string, readonly number[]>;

/**
 * Applies the rules in order; of two that match the same node the earlier one wins. A chain is fused when each link's result
 * is read by the next link alone, all links belong to one part, and nothing that an earlier link computes is needed before
 * the last link runs.
 */
export const fuse = (graph: Graph, rules: readonly FusionRule[]): Graph => {
  const readers = findReaders(graph);
  const replaced = new Map<number, NodeOf<"fused"> | null>(); // by node index; null: part of a chain that ends elsewhere
  for (const rule of rules) {
    for (let index = 0; index < graph.nodes.length; index++) {
      const chain = matchChain(graph, readers, rule, index);
      if (chain === null || chain.some((link) => replaced.has(link))) continue;
      for (const link of chain) replaced.set(link, null);
      replaced.set(chain.at(-1) ?? index, fusedNode(graph, readers, rule, chain));
    }
  }
  const nodes = graph.nodes.flatMap((node, index): readonly Node[] => {
    const replacement = replaced.get(index);
    if (replacement === undefined) return [node];
    return replacement === null ? [] : [replacement];
  });
  return { ...graph, nodes };
};

const findReaders = (graph: Graph): Readers => {
  const readers = new Map<string, number[]>();
  const read = (value: Value, reader: number) => {
    const list = readers.get(value.name);
    if (list) list.push(reader);
    else readers.set(value.name, [reader]);
  };
  graph.nodes.forEach((node, index) => {
    for (const [, value] of operandsOf(node)) read(value, index);
  });
  for (const value of [...graph.outputs, ...graph.updates.map((update) => update.value)])
    read(value, Number.POSITIVE_INFINITY);
  return readers;
};

/** The indices of the chain that begins at `start`, or null. */
const matchChain = (graph: Graph, readers: Readers, rule: FusionRule, start: number): readonly number[] | null => {
  const chain: number[] = [];
  for (const link of rule.links) {
    const index: number = chain.length === 0 ? start : onlyReader(graph, readers, chain.at(-1) ?? start);
    const node = graph.nodes[index];
    if (node === undefined || node.kind !== link.kind || node.part !== graph.nodes[start]?.part) return null;
    if (link.through !== null) {
      const before = graph.nodes[chain.at(-1) ?? start];
      const through = operandsOf(node).find(([operand]) => operand === link.through)?.[1];
      if (before === undefined || !resultsOf(before).some(([, value]) => value.name === through?.name)) return null;
    }
    chain.push(index);
  }
  const last = chain.at(-1) ?? start;
  const early = chain
    .slice(0, -1)
    .flatMap((index) => resultsOf(graph.nodes[index]!).flatMap(([, v]) => readers.get(v.name) ?? []));
  return early.every((reader) => chain.includes(reader) || reader > last) ? chain : null;
};

/** The one node that reads the first result of a node, when it is read exactly once; otherwise −1. */
const onlyReader = (graph: Graph, readers: Readers, index: number): number => {
  const node = graph.nodes[index];
  const first = node && resultsOf(node)[0]?.[1];
  const list = first ? (readers.get(first.name) ?? []) : [];
  return list.length === 1 && Number.isFinite(list[0]) ? (list[0] ?? -1) : -1;
};

const fusedNode = (graph: Graph, readers: Readers, rule: FusionRule, chain: readonly number[]): NodeOf<"fused"> => {
  const body = chain.flatMap((index) => graph.nodes[index] ?? []);
  const made = new Map(body.flatMap((node) => resultsOf(node).map(([, value]) => [value.name, value])));
  const operands = body
    .flatMap((node) => operandsOf(node).map(([, value]) => value))
    .filter(({ name }) => !made.has(name));
  const results = [...made.values()].filter(({ name }) => readers.get(name)?.some((reader) => !chain.includes(reader)));
  return {
    kind: "fused",
    name: body.map(({ name }) => name).join("+"),
    part: body[0]?.part ?? "step",
    operands: Object.fromEntries(operands.map((value) => [value.name, value])),
    params: { rule: rule.name, body },
    results: Object.fromEntries(results.map((value) => [value.name, value])),
  };
};
