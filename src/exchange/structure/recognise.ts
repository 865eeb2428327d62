// From a graph that another program wrote to a network of ours.
import type { NamedTensors } from "../../base/tensor.ts";
import type { ResNetSpec } from "../../spec/spec.ts";
import { matchLayers } from "./match-layers.ts";
import type { SourceGraph } from "./source-graph.ts";
import { specOfGraph } from "./spec-of-graph.ts";

export interface RecognisedNetwork {
  readonly spec: ResNetSpec;
  /** Parameters and running statistics, f32, under torchvision's names. */
  readonly tensors: NamedTensors;
}

/**
 * The network that a graph is: the `given` spec's, if one is given, else whichever its shape says. Throws FormatError, with the
 * node and what should be there, for a graph that is none of ours.
 */
export const recogniseNetwork = (graph: SourceGraph, given: ResNetSpec | null = null): RecognisedNetwork => {
  const spec = given ?? specOfGraph(graph);
  return { spec, tensors: matchLayers(spec, graph) };
};
