// `residual summary`: a network layer by layer, as data. Printing is the command line's.
import type { Shape } from "../base/shape.ts";
import { layerMacs, layerParameters } from "../spec/counts.ts";
import { type Layer, type LayerKind, layersOf } from "../spec/layers.ts";
import type { ResNetSpec } from "../spec/spec.ts";

export interface LayerSummary {
  /** The path, `layer1.0.conv1`. */
  readonly name: string;
  /** What it does, `conv 3×3, stride 2`. */
  readonly op: string;
  /** For one image: [channels, height, width] or [features]. */
  readonly output: Shape;
  readonly parameters: number;
  readonly macs: number;
}

export interface Summary {
  readonly name: string;
  /** Learned numbers: the sum over the layers. */
  readonly parameters: number;
  /** Multiply-accumulates of convolutions and dense layers for one image: the sum over the layers. */
  readonly macs: number;
  readonly layers: readonly LayerSummary[];
}

const strided = (stride: number): string => (stride === 1 ? "" : `, stride ${stride}`);

/** Padding is worth a word where it isn't the same on all sides. */
const padded = ({ top, left, bottom, right }: Layer<"conv">["padding"]): string =>
  top === bottom && left === right && top === left ? "" : `, padding ${top} ${right} ${bottom} ${left}`;

const descriptions: { readonly [K in LayerKind]: (layer: Layer<K>) => string } = {
  conv: ({ kernel, stride, groups, padding, bias }) =>
    `conv ${kernel}×${kernel}${strided(stride)}${groups === 1 ? "" : `, ${groups} groups`}${padded(padding)}${bias === null ? "" : ", bias"}`,
  batchNorm: () => "batch norm",
  relu: () => "relu",
  sigmoid: () => "sigmoid",
  affine: ({ scale, shift }) => (shift === 0 ? `times ${scale}` : `times ${scale}, plus ${shift}`),
  maxPool: ({ kernel, stride, padding }) => `max pool ${kernel}×${kernel}${strided(stride)}${padded(padding)}`,
  averagePool: ({ kernel, stride }) => `average pool ${kernel}×${kernel}${strided(stride)}`,
  zeroPad: ({ stride, before, after }) =>
    `zero pad ${before === 0 ? after : `${before} + ${after}`} channels${strided(stride)}`,
  extend: ({ below, right }) => `zero pad ${below} rows below, ${right} columns right`,
  add: () => "add",
  multiply: () => "multiply",
  globalAveragePool: () => "average pool",
  flatten: () => "flatten",
  dropout: ({ fraction }) => `dropout ${fraction}`,
  dense: ({ bias }) => (bias ? "dense" : "dense, no bias"),
};

const describe = <K extends LayerKind>(layer: Layer<K>): string => {
  const description: (layer: Layer<K>) => string = descriptions[layer.kind];
  return description(layer);
};

/** Every layer in the order of execution, with what it learns and computes. */
export const summary = (spec: ResNetSpec): Summary => {
  const layers = layersOf(spec).map((layer) => ({
    name: layer.name,
    op: describe(layer),
    output: layer.output,
    parameters: layerParameters(layer),
    macs: layerMacs(layer),
  }));
  const total = (count: (layer: LayerSummary) => number): number =>
    layers.reduce((sum, layer) => sum + count(layer), 0);
  return {
    name: spec.name,
    parameters: total(({ parameters }) => parameters),
    macs: total(({ macs }) => macs),
    layers,
  };
};
