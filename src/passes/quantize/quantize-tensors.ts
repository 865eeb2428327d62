// The tensors of a quantised network: filters as levels of a scale each, biases in units of the sums that they are added to.
import { byteLevels } from "../../base/dtype.ts";
import { invariant, UsageError } from "../../base/errors.ts";
import { roundToLevel } from "../../base/levels.ts";
import { elementCount } from "../../base/shape.ts";
import { type HostTensor, type NamedTensors, tensor } from "../../base/tensor.ts";
import type { Graph } from "../../graph/graph.ts";
import { biasNameOf } from "../fold-tensors.ts";
import { findChains } from "./find-chains.ts";
import { type QuantizationSource, quantizeGraph } from "./quantize-graph.ts";
import { type ErrorFeedback, errorFeedback, roundWithFeedback } from "./round-with-feedback.ts";

/** Scales below f32's least normal number have few digits, or none. No sum of such filters is seen beside a bias. */
const leastScale = 2 ** -126;

/**
 * A bias of so many of its filter's units and more hides the filter: of the products each is at most 127·255 < 2¹⁵, of a filter far fewer
 * than 2²⁰, and f32 keeps 24 bits. (f32 would take a bias of up to 2¹²⁸, and Infinity beyond.)
 */
const largestBias = 2 ** 100;

/** Filters as bytes, and what a level of each is worth. */
export interface QuantizedFilters {
  readonly weight: HostTensor<"i8">;
  readonly scales: readonly number[];
}

/**
 * Filter by filter: the largest absolute weight becomes level 127 (symmetric, per channel: Krishnamoorthi 2018, Quantizing deep
 * convolutional networks for efficient inference, 3.1). weight [O, C, U, V]. A filter of zeros has the scale 1, and so has one that is all
 * but zeros, or that `isHidden` says to be too small to matter by what a level of it would be worth: their levels are 0. Weights go to the
 * nearest level, or with `feedback` to levels that together make the least error on images (roundWithFeedback).
 */
export const quantizeFilters = (
  { shape, data }: HostTensor,
  isHidden: (filter: number, scale: number) => boolean = () => false,
  feedback: ErrorFeedback | null = null,
): QuantizedFilters => {
  const [filters = 0] = shape;
  const length = elementCount(shape) / filters;
  const levels = new Int8Array(data.length);
  const scales = Array.from({ length: filters }, (_, o) => {
    let largest = 0;
    for (let i = o * length; i < (o + 1) * length; i++) largest = Math.max(largest, Math.abs(data[i]!));
    const scale = Math.fround(largest / byteLevels.i8[1]);
    if (scale < leastScale || isHidden(o, scale)) return 1;
    const real = Float64Array.from({ length }, (_, k) => data[o * length + k]! / scale);
    levels.set(feedback ? roundWithFeedback(real, feedback) : real.map((each) => roundToLevel(each, "i8")), o * length);
    return scale;
  });
  return { weight: tensor("i8", shape, levels), scales };
};

export interface QuantizedTensors {
  /** What the states of the quantised graph hold. */
  readonly tensors: NamedTensors;
  /** By the name of the weight. */
  readonly filterScales: ReadonlyMap<string, readonly number[]>;
}

/**
 * What rounded filters add to each channel in the mean: Σ (rounded − weight)[o, c, u, v] · mean of x_c, [O] (Nagel et al. 2019, Data-Free
 * Quantization, 4.2; there the means are guessed from batch norms). At the edges, where a window reads padding, it is less.
 */
const meanError = (
  weight: HostTensor,
  { weight: levels, scales }: QuantizedFilters,
  groups: number,
  means: Float64Array,
): Float64Array => {
  const [filters = 0, columns = 0] = weight.shape;
  const area = elementCount(weight.shape) / (filters * columns);
  const errors = new Float64Array(filters);
  for (let o = 0, i = 0; o < filters; o++) {
    const first = Math.floor(o / (filters / groups)) * columns;
    for (let c = first; c < first + columns; c++) {
      for (const end = i + area; i < end; i++)
        errors[o]! += (levels.data[i]! * scales[o]! - weight.data[i]!) * means[c]!;
    }
  }
  return errors;
};

/**
 * Quantises the tensors of a graph whose batch norms are folded (foldGraph, foldTensors), for the ranges of its values. Where the mean of
 * each channel of a convolution's images is known, by the name of the value, biases take off what rounded filters add in the mean; where
 * the covariance of the elements of its windows is known, by the name of the weight, [K, K], filters are rounded for it. Throws UsageError
 * for biases that are not finite, or not in units of their sums.
 */
export const quantizeTensors = (
  graph: Graph,
  folded: NamedTensors,
  rangeOf: QuantizationSource["rangeOf"],
  channelMeans: ReadonlyMap<string, Float64Array> = new Map(),
  covariances: ReadonlyMap<string, Float64Array> = new Map(),
): QuantizedTensors => {
  const find = (name: string): HostTensor => {
    const found = folded.get(name);
    invariant(found, `no tensor ${name}`);
    return found;
  };
  const chains = findChains(graph);
  // What images are worth doesn't depend on the filters, and is wanted before they are quantised.
  const { graph: made, inputScales } = quantizeGraph(graph, {
    rangeOf,
    filterScales: (_, filters) => new Array<number>(filters).fill(1),
  });
  const pairs = chains.map(({ conv, bias }) => {
    const { x, weight } = conv.operands;
    const unit = inputScales.get(weight.name) ?? 1;
    const given = bias && find(bias.operands.bias.name).data;
    const covariance = covariances.get(weight.name);
    const filters = quantizeFilters(
      find(weight.name),
      (o, scale) => !(Math.abs(given?.[o] ?? 0) < largestBias * unit * scale),
      covariance && errorFeedback(covariance),
    );
    const means = channelMeans.get(x.name);
    const errors = means && meanError(find(weight.name), filters, conv.params.groups, means);
    const biases = Float32Array.from(
      filters.scales,
      (scale, o) => ((given?.[o] ?? 0) - (errors?.[o] ?? 0)) / (unit * scale),
    );
    const wrong = biases.findIndex((each) => !Number.isFinite(each));
    if (wrong !== -1) {
      throw new UsageError(
        `${weight.name}: the bias of its filter ${wrong}, ${given?.[wrong] ?? 0}, can't be told in levels of its images, which are worth ${unit.toPrecision(3)} each; such weights can't be quantised`,
      );
    }
    return { weight: weight.name, filters, bias: tensor("f32", [biases.length], biases) };
  });
  const weights = new Map(pairs.map(({ weight, filters }) => [weight, filters.weight]));
  const biases = new Map(pairs.map(({ weight, bias }) => [biasNameOf(weight), bias]));
  const tensors = new Map(made.states.map(({ name }) => [name, weights.get(name) ?? biases.get(name) ?? find(name)]));
  return { tensors, filterScales: new Map(pairs.map(({ weight, filters }) => [weight, filters.scales])) };
};
