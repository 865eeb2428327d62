// The tensors that a layer owns, under torchvision's names and in its order.
import type { Shape } from "../base/shape.ts";
import type { Layer, LayerKind } from "./layers.ts";

/** What a tensor is for. Running mean and variance are statistics that training keeps but doesn't learn. */
export type ParameterRole = "weight" | "bias" | "scale" | "shift" | "runningMean" | "runningVariance";

export interface Parameter {
  readonly name: string;
  /** Filters [outChannels, inChannels / groups, kernel, kernel], dense weights [out, in], the rest [length]. */
  readonly shape: Shape;
  readonly role: ParameterRole;
}

/** Whether the optimiser changes tensors of this role; the others are set by batch norm. */
export const isLearned = (role: ParameterRole): boolean => role !== "runningMean" && role !== "runningVariance";

const none = (): readonly Parameter[] => [];

const rules: { readonly [K in LayerKind]: (layer: Layer<K>) => readonly Parameter[] } = {
  conv: ({ name, inChannels, outChannels, kernel, groups, bias }) => [
    { name: `${name}.weight`, shape: [outChannels, inChannels / groups, kernel, kernel], role: "weight" },
    ...(bias === null ? [] : [{ name: `${name}.bias`, shape: [outChannels], role: "bias" } as const]),
  ],
  batchNorm: ({ name, channels }) => [
    { name: `${name}.weight`, shape: [channels], role: "scale" },
    { name: `${name}.bias`, shape: [channels], role: "shift" },
    { name: `${name}.running_mean`, shape: [channels], role: "runningMean" },
    { name: `${name}.running_var`, shape: [channels], role: "runningVariance" },
  ],
  dense: ({ name, inFeatures, outFeatures, bias }) => [
    { name: `${name}.weight`, shape: [outFeatures, inFeatures], role: "weight" },
    ...(bias ? [{ name: `${name}.bias`, shape: [outFeatures], role: "bias" } as const] : []),
  ],
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

/** The tensors of one layer. */
export const parametersOf = <K extends LayerKind>(layer: Layer<K>): readonly Parameter[] => {
  const rule: (layer: Layer<K>) => readonly Parameter[] = rules[layer.kind];
  return rule(layer);
};
