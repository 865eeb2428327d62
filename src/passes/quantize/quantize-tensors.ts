// The tensors of a quantised network: filters as levels of a scale each, biases in units of the sums that they are added to.
import { byteLevels } from "../../base/dtype.ts";
import { invariant } from "../../base/errors.ts";
import { roundToLevel } from "../../base/levels.ts";
import { elementCount } from "../../base/shape.ts";
import { type HostTensor, type NamedTensors, tensor } from "../../base/tensor.ts";
import type { Graph } from "../../graph/graph.ts";
import { biasNameOf } from "../fold-tensors.ts";
import { findChains } from "./find-chains.ts";
import { type QuantizationSource, quantizeGraph } from "./quantize-graph.ts";

/** Filters as bytes, and what a level of each is worth. */
export interface QuantizedFilters {
  readonly weight: HostTensor<"i8">;
  readonly scales: readonly number[];
}

/**
 * Filter by filter: the largest absolute weight becomes level 127 (symmetric, per channel: Krishnamoorthi 2018, Quantizing deep
 * convolutional networks for efficient inference, 3.1). weight [O, C, U, V]. A filter of zeros has the scale 1.
 */
export const quantizeFilters = ({ shape, data }: HostTensor): QuantizedFilters => {
  const [filters = 0] = shape;
  const length = elementCount(shape) / filters;
  const levels = new Int8Array(data.length);
  const scales = Array.from({ length: filters }, (_, o) => {
    let largest = 0;
    for (let i = o * length; i < (o + 1) * length; i++) largest = Math.max(largest, Math.abs(data[i]!));
    const scale = largest === 0 ? 1 : Math.fround(largest / byteLevels.i8[1]);
    for (let i = o * length; i < (o + 1) * length; i++) levels[i] = roundToLevel(data[i]! / scale, "i8");
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
 * each channel of a convolution's images is known, by the name of the value, biases take off what rounded filters add in the mean.
 */
export const quantizeTensors = (
  graph: Graph,
  folded: NamedTensors,
  rangeOf: QuantizationSource["rangeOf"],
  channelMeans: ReadonlyMap<string, Float64Array> = new Map(),
): QuantizedTensors => {
  const find = (name: string): HostTensor => {
    const found = folded.get(name);
    invariant(found, `no tensor ${name}`);
    return found;
  };
  const chains = findChains(graph);
  const quantized = new Map(
    chains.map(({ conv }) => [conv.operands.weight.name, quantizeFilters(find(conv.operands.weight.name))]),
  );
  const filterScales = new Map([...quantized].map(([name, { scales }]) => [name, scales]));
  const { graph: made, inputScales } = quantizeGraph(graph, {
    rangeOf,
    filterScales: (name) => filterScales.get(name) ?? [],
  });
  const biases = new Map(
    chains.map(({ conv, bias }) => {
      const weight = conv.operands.weight.name;
      const unit = inputScales.get(weight) ?? 1;
      const given = bias && find(bias.operands.bias.name).data;
      const [filters, means] = [quantized.get(weight), channelMeans.get(conv.operands.x.name)];
      const errors = filters && means && meanError(find(weight), filters, conv.params.groups, means);
      const data = Float32Array.from(
        filterScales.get(weight) ?? [],
        (scale, o) => ((given?.[o] ?? 0) - (errors?.[o] ?? 0)) / (unit * scale),
      );
      return [biasNameOf(weight), tensor("f32", [data.length], data)];
    }),
  );
  const tensors = new Map(
    made.states.map(({ name }) => [name, quantized.get(name)?.weight ?? biases.get(name) ?? find(name)]),
  );
  return { tensors, filterScales };
};
