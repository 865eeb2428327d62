// What a quantised network is besides its spec and tensors, as plain data: what a level is worth, of every activation that is kept as
// bytes and of every filter.
import { invariant } from "../../base/errors.ts";
import type { Graph } from "../../graph/graph.ts";
import { type QuantizedGraph, quantizeGraph } from "./quantize-graph.ts";

export interface Quantization {
  /** By the name of a value: the largest absolute value that its bytes can tell. */
  readonly ranges: Readonly<Record<string, number>>;
  /** By the name of a weight: what a level of each filter is worth. */
  readonly filterScales: Readonly<Record<string, readonly number[]>>;
}

/** The folded graph of the network, quantised so. Throws where it is another network's. */
export const quantizeAs = (graph: Graph, { ranges, filterScales }: Quantization): QuantizedGraph =>
  quantizeGraph(graph, {
    rangeOf: (name) => {
      const range = ranges[name];
      invariant(range !== undefined, `the quantisation has no range for ${name}`);
      return range;
    },
    filterScales: (weight) => {
      const scales = filterScales[weight];
      invariant(scales !== undefined, `the quantisation has no scales for ${weight}`);
      return scales;
    },
  });
