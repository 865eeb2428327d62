// From spec to graph: the network alone, images to logits. Loss, gradients and update are added by others, to the same
// builder or to the built graph.
import { UsageError } from "../base/errors.ts";
import type { FeatureShape, ImageShape, VectorShape } from "../base/shape.ts";
import { GraphBuilder } from "../graph/builder.ts";
import type { Graph } from "../graph/graph.ts";
import type { HostValue, Value } from "../graph/value.ts";
import { layersOf } from "../spec/layers.ts";
import type { ResNetSpec } from "../spec/spec.ts";
import { type BatchStatistics, Construction, type ForwardOptions } from "./construction.ts";
import { addLayer } from "./layer-nodes.ts";

export type { BatchStatistics, ForwardOptions } from "./construction.ts";

export interface Forward {
  /** The input `images` [N, C, H, W]. */
  readonly images: Value<ImageShape>;
  /** `fc` [N, classes]. */
  readonly logits: Value<FeatureShape>;
  /** The learned parameters, which are states of the graph, in the order of parameterTable. */
  readonly parameters: readonly HostValue[];
  /** Of the batch norms that take the batch's statistics, in the order of the layers; empty in evaluation. */
  readonly batchStatistics: readonly BatchStatistics[];
  /** The input `dropoutKey` i32 [2], the run's seed and the number of the step; null where nothing is dropped. */
  readonly dropoutKey: Value<VectorShape> | null;
}

/** PyTorch refuses it as well: one value has no variance. */
const checkStatistics = ({ name }: ResNetSpec, statistics: readonly BatchStatistics[]): void => {
  const single = statistics.find(({ count }) => count < 2);
  if (single !== undefined) {
    throw new UsageError(
      `${name}: ${single.layer} can't train on a batch of one image with a map of 1×1, whose single value has no variance; take a batch of at least 2`,
    );
  }
};

/**
 * Adds a network to a builder: the input `images` [N, C, H, W], the parameters as states under torchvision's names, and a
 * node for every layer, up to the logits [N, classes]. Nothing is declared an output.
 *
 * Throws UsageError when training would normalise a single value (a batch of 1 where maps have shrunk to 1×1).
 */
export const buildForward = (builder: GraphBuilder, spec: ResNetSpec, options: ForwardOptions): Forward => {
  const network = new Construction(builder, spec, options);
  const images = builder.input("images", network.dtype, [options.batch, ...spec.input]);
  network.made("input", images);
  for (const layer of layersOf(spec)) addLayer(layer, network);
  const { parameters, batchStatistics, dropoutKey } = network;
  checkStatistics(spec, batchStatistics);
  return { images, logits: network.features("fc"), parameters, batchStatistics, dropoutKey };
};

/** The graph of a network alone, with the logits `fc` as its output: to print, to plan, or to predict with. */
export const buildGraph = (spec: ResNetSpec, options: ForwardOptions): Graph => {
  const builder = new GraphBuilder();
  builder.output(buildForward(builder, spec, options).logits);
  return builder.build();
};
