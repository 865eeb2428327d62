// A plan: the order in which nodes run, and when each value is alive. No bytes: engines add values of their own before they
// lay out memory (memory.ts).
import { type Graph, operandsOf, resultsOf } from "../graph/graph.ts";
import type { Node } from "../graph/ops.ts";
import type { Strips } from "./strips.ts";

/**
 * Positions in the plan's order, both inclusive: the value's memory is taken from `first` to `last`. What lives to the end has the
 * position after the last node's, so that not even that node may write over it.
 */
export interface Lifetime {
  readonly first: number;
  readonly last: number;
}

export interface Plan {
  readonly graph: Graph;
  /** The nodes in the order they run. */
  readonly order: readonly Node[];
  /** By name, for every value that a node makes: from the node that makes it to its last reader. */
  readonly lifetimes: ReadonlyMap<string, Lifetime>;
  /** The first layers may be run for some images at a time: see strips.ts. An engine may as well not. */
  readonly strips?: Strips;
}

/**
 * Plans a graph: nodes whose results nobody reads are left out, the others run in the graph's order. Outputs, and the values
 * of state updates, live to the end; what the part `prepare` makes for later parts lives always, for it may serve many steps.
 */
export const makePlan = (graph: Graph): Plan => {
  const order = neededNodes(graph);
  const prepared = order.filter(({ part }) => part === "prepare").length; // they come first
  const lifetimes = new Map<string, { first: number; last: number }>();
  order.forEach((node, position) => {
    for (const [, value] of resultsOf(node)) lifetimes.set(value.name, { first: position, last: position });
    for (const [, value] of operandsOf(node)) {
      const lifetime = lifetimes.get(value.name);
      if (lifetime) lifetime.last = position;
    }
  });
  for (const value of [...graph.outputs, ...graph.updates.map((update) => update.value)]) {
    const lifetime = lifetimes.get(value.name);
    if (lifetime) lifetime.last = order.length;
  }
  for (const lifetime of lifetimes.values()) {
    if (lifetime.first >= prepared || lifetime.last < prepared) continue;
    lifetime.first = 0;
    lifetime.last = order.length;
  }
  return { graph, order, lifetimes };
};

/** Nodes on which an output or an update depends, in the graph's order. */
const neededNodes = (graph: Graph): readonly Node[] => {
  const needed = new Set([...graph.outputs, ...graph.updates.map(({ value }) => value)].map(({ name }) => name));
  const kept = graph.nodes.toReversed().filter((node) => {
    if (!resultsOf(node).some(([, value]) => needed.has(value.name))) return false;
    for (const [, value] of operandsOf(node)) needed.add(value.name);
    return true;
  });
  return kept.reverse();
};
