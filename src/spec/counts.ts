// How large a network is: learned numbers, and multiply-accumulates of one image.
import { elementCount } from "../base/shape.ts";
import { type Layer, type LayerKind, layersOf } from "./layers.ts";
import { isLearned, parametersOf } from "./parameters.ts";
import type { ResNetSpec } from "./spec.ts";

/** Learned numbers of a layer: weights, biases, scales and shifts, without running statistics. */
export const layerParameters = (layer: Layer): number =>
  parametersOf(layer)
    .filter(({ role }) => isLearned(role))
    .reduce((sum, { shape }) => sum + elementCount(shape), 0);

const none = (): number => 0;

const macRules: { readonly [K in LayerKind]: (layer: Layer<K>) => number } = {
  conv: ({ output, inChannels, groups, kernel }) => elementCount(output) * (inChannels / groups) * kernel ** 2,
  dense: ({ inFeatures, outFeatures }) => inFeatures * outFeatures,
  batchNorm: none,
  relu: none,
  sigmoid: none,
  affine: none,
  maxPool: none,
  averagePool: none,
  zeroPad: none,
  extend: none,
  add: none,
  multiply: none,
  globalAveragePool: none,
  flatten: none,
  dropout: none,
};

/** Multiply-accumulates of a layer for one image. As the papers count: convolutions and dense layers only. */
export const layerMacs = <K extends LayerKind>(layer: Layer<K>): number => {
  const rule: (layer: Layer<K>) => number = macRules[layer.kind];
  return rule(layer);
};

const total = (spec: ResNetSpec, count: (layer: Layer) => number): number =>
  layersOf(spec).reduce((sum, layer) => sum + count(layer), 0);

/** Learned numbers of a network, as PyTorch counts them. */
export const countParameters = (spec: ResNetSpec): number => total(spec, layerParameters);

/** Multiply-accumulates (what the papers call FLOPs) of one image through a network. */
export const countMacs = (spec: ResNetSpec): number => total(spec, layerMacs);
