// What is measured of a network's activations before it is quantised, in one pass over images.
import { elementCount } from "../base/shape.ts";
import type { NamedTensors } from "../base/tensor.ts";
import type { Engine } from "../engine/contract.ts";
import type { Graph } from "../graph/graph.ts";
import type { NodeOf } from "../graph/ops.ts";
import type { ChannelCounts } from "../passes/quantize/balance-channels.ts";
import { findChains } from "../passes/quantize/find-chains.ts";
import { findFreeChannels } from "../passes/quantize/find-free-channels.ts";
import { calibrationPoints } from "../passes/quantize/quantize-graph.ts";
import type { ResNetSpec } from "../spec/spec.ts";
import { ActivationHistogram } from "./activation-histogram.ts";
import { ChannelHistograms } from "./channel-histograms.ts";
import { ChannelMeans } from "./channel-means.ts";
import { type CalibrationBatches, lookAtActivations } from "./look-at-activations.ts";
import { WindowCovariance } from "./window-covariance.ts";

export interface MeasuredActivations {
  readonly images: number;
  /** By the name of each value that becomes bytes. */
  readonly histograms: ReadonlyMap<string, ActivationHistogram>;
  /** By the name of each value that a convolution reads, [C]. */
  readonly means: ReadonlyMap<string, Float64Array>;
  /** By the name of a small convolution's weight, [K, K]. */
  readonly covariances: ReadonlyMap<string, Float64Array>;
  /** By the name of each value that is seen of free channels. */
  readonly channels: ReadonlyMap<string, ChannelCounts>;
}

/**
 * Filters of at most so many weights are rounded for the images that they see. Those are a ResNet's stem and the first of its 1×1
 * convolutions, whose rounding makes most of all filters' noise (docs/records/int8.md); cost grows with the square.
 */
const largestFilter = 256;

export const isSmall = ({ operands: { weight }, params: { groups } }: NodeOf<"conv2d">): boolean =>
  groups === 1 && elementCount(weight.shape.slice(1)) <= largestFilter;

/** Of the folded graph, its states in `folded`. */
export const measureActivations = async (
  engine: Engine,
  spec: ResNetSpec,
  graph: Graph,
  folded: NamedTensors,
  batches: CalibrationBatches,
): Promise<MeasuredActivations> => {
  const histograms = new Map([...calibrationPoints(graph).keys()].map((name) => [name, new ActivationHistogram()]));
  const convolutions = findChains(graph).map(({ conv }) => conv);
  const means = new Map(convolutions.map(({ operands: { x } }) => [x.name, new ChannelMeans(x.shape[1])]));
  const windows = convolutions.filter(isSmall).map(({ operands: { x, weight }, params }) => {
    return { x: x.name, weight: weight.name, covariance: new WindowCovariance(weight.shape, params) };
  });
  const free = new Map(
    findFreeChannels(graph).map(({ seen, channels }) => [seen.name, new ChannelHistograms(channels)]),
  );
  const names = new Set([...histograms.keys(), ...means.keys(), ...free.keys()]);
  const images = await lookAtActivations(engine, spec, folded, names, batches, (name, elements, size) => {
    const pixels = elementCount(size);
    histograms.get(name)?.add(elements);
    means.get(name)?.add(elements, pixels);
    free.get(name)?.add(elements, pixels);
    for (const { x, covariance } of windows) if (x === name) covariance.add(elements, size);
  });
  return {
    images,
    histograms,
    means: new Map([...means].map(([name, each]) => [name, each.means()])),
    covariances: new Map(windows.map(({ weight, covariance }) => [weight, covariance.covariance()])),
    channels: new Map([...free].map(([name, each]) => [name, each.counts()])),
  };
};
