// Scales the free channels of a network that is to be quantised, and what was measured of them.
import { invariant } from "../base/errors.ts";
import { elementCount } from "../base/shape.ts";
import type { HostTensor, NamedTensors } from "../base/tensor.ts";
import type { Graph } from "../graph/graph.ts";
import type { NodeOf } from "../graph/ops.ts";
import { balanceChannels } from "../passes/quantize/balance-channels.ts";
import { findFreeChannels } from "../passes/quantize/find-free-channels.ts";
import { scaleChannels } from "../passes/quantize/scale-channels.ts";
import { isSmall, type MeasuredActivations } from "./measure-activations.ts";

/**
 * What filters' rounding counts for beside activations': their errors are alike all over an image, so that later sums don't average them
 * out as they do the others'. With feedback they are a thirtieth (stem) to a half as large. Measured: docs/records/int8.md.
 */
const noiseOfRounding = { nearest: 8, withFeedback: 0.3 } as const;

export interface BalancedNetwork extends Pick<MeasuredActivations, "means" | "covariances"> {
  readonly folded: NamedTensors;
  /** Of the values whose channels were scaled. */
  readonly ranges: ReadonlyMap<string, number>;
}

/** [K, K] of elements that are multiplied by the scales of their channels; a channel has `area` of them. */
const scaledCovariance = (covariance: Float64Array, scales: Float64Array, area: number): Float64Array => {
  const K = scales.length * area;
  return covariance.map((each, i) => each * scales[Math.floor(i / K / area)]! * scales[Math.floor((i % K) / area)]!);
};

/** The network answers as before; `given`: the folded graph's states. */
export const balanceNetwork = (graph: Graph, given: NamedTensors, measured: MeasuredActivations): BalancedNetwork => {
  const [means, covariances] = [new Map(measured.means), new Map(measured.covariances)];
  const ranges = new Map<string, number>();
  let folded = given;
  for (const free of findFreeChannels(graph)) {
    const counts = measured.channels.get(free.seen.name);
    const readers = free.readers.map((reader) => ({ weight: weightOf(reader, given), noise: noiseOf(reader) }));
    const balance = counts ? balanceChannels(counts, readers) : null;
    if (balance === null) continue;
    const { scales, range } = balance;
    folded = scaleChannels(folded, free, scales);
    ranges.set(free.maker.y.name, range);
    const mean = means.get(free.seen.name);
    if (mean)
      means.set(
        free.seen.name,
        mean.map((each, c) => each * scales[c]!),
      );
    for (const {
      operands: { weight },
    } of free.readers) {
      const covariance = covariances.get(weight.name);
      const area = elementCount(weight.shape.slice(2));
      if (covariance) covariances.set(weight.name, scaledCovariance(covariance, scales, area));
    }
  }
  return { folded, ranges, means, covariances };
};

const noiseOf = (reader: NodeOf<"conv2d">): number =>
  isSmall(reader) ? noiseOfRounding.withFeedback : noiseOfRounding.nearest;

const weightOf = ({ operands: { weight } }: NodeOf<"conv2d">, tensors: NamedTensors): HostTensor => {
  const found = tensors.get(weight.name);
  invariant(found, `no tensor ${weight.name}`);
  return found;
};
