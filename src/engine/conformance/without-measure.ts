// What a check runs of a graph: step and update, not the norms that a training logs now and then.
import { type Graph, resultsOf } from "../../graph/graph.ts";

/** The graph without the part `measure`, and without the outputs that this makes. */
export const withoutMeasure = (graph: Graph): Graph => {
  const measured = graph.nodes.filter(({ part }) => part === "measure");
  const left = new Set(measured.flatMap((node) => resultsOf(node).map(([, { name }]) => name)));
  return {
    ...graph,
    nodes: graph.nodes.filter(({ part }) => part !== "measure"),
    outputs: graph.outputs.filter(({ name }) => !left.has(name)),
  };
};
