// Every tensor of a network, in torchvision's order and under its names, with its role and how it starts.
import { invariant } from "../base/errors.ts";
import type { Shape } from "../base/shape.ts";
import { type Layer, layersOf } from "../spec/layers.ts";
import { type ParameterRole, parametersOf } from "../spec/parameters.ts";
import type { Initialisation, ResNetSpec } from "../spec/spec.ts";

/**
 * The distribution of a tensor's first values: one number; normal with mean 0, whole or without what lies beyond two
 * deviations (`deviation` is then that of the whole distribution); or uniform between −bound and bound.
 */
export type InitialValues =
  | { readonly kind: "constant"; readonly value: number }
  | { readonly kind: "normal" | "truncatedNormal"; readonly deviation: number }
  | { readonly kind: "uniform"; readonly bound: number };

export interface TableEntry {
  readonly name: string;
  readonly shape: Shape;
  readonly role: ParameterRole;
  readonly initial: InitialValues;
}

const fanOut = ({ kernel, outChannels }: Layer<"conv">): number => kernel ** 2 * outChannels;
const fanIn = ({ kernel, inChannels, groups }: Layer<"conv">): number => kernel ** 2 * (inChannels / groups);

/** The deviation of a standard normal distribution without what lies beyond ±2, as Keras' VarianceScaling divides by it. */
const truncatedDeviation = 0.87962566103423978;

const convolutionRules: { readonly [I in Initialisation]: (layer: Layer<"conv">) => InitialValues } = {
  "he-fan-out": (layer) => ({ kind: "normal", deviation: Math.sqrt(2 / fanOut(layer)) }),
  "he-fan-in": (layer) => ({ kind: "normal", deviation: Math.sqrt(2 / fanIn(layer)) }),
  "he-fan-in-truncated": (layer) => ({
    kind: "truncatedNormal",
    deviation: Math.sqrt(2 / fanIn(layer)) / truncatedDeviation,
  }),
};

const constant = (value: number): InitialValues => ({ kind: "constant", value });

/** torch.nn.Linear's default: kaiming_uniform_ with a = √5, which is uniform within 1 / √inFeatures; its bias alike. */
const initialDense = ({ inFeatures }: Layer<"dense">): InitialValues => ({
  kind: "uniform",
  bound: 1 / Math.sqrt(inFeatures),
});

const initialWeights = (spec: ResNetSpec, layer: Layer): InitialValues => {
  if (layer.kind === "conv") return convolutionRules[spec.initialisation](layer);
  invariant(layer.kind === "dense", `${layer.name}: a ${layer.kind} layer has no weights`);
  return initialDense(layer);
};

const initialBias = (_: ResNetSpec, layer: Layer): InitialValues => {
  if (layer.kind === "conv") return constant(layer.bias ?? 0);
  invariant(layer.kind === "dense", `${layer.name}: a ${layer.kind} layer has no bias`);
  return initialDense(layer);
};

const initialRules: { readonly [R in ParameterRole]: (spec: ResNetSpec, layer: Layer) => InitialValues } = {
  weight: initialWeights,
  bias: initialBias,
  scale: (spec, layer) => constant(spec.zeroLastGamma && layer.kind === "batchNorm" && layer.closesBranch ? 0 : 1),
  shift: () => constant(0),
  runningMean: () => constant(0),
  runningVariance: () => constant(1),
};

/**
 * Every parameter and running statistic of a network: torchvision's state dict without `num_batches_tracked`.
 * Convolutions start as the spec's `initialisation` says; batch norm with scale 1 (0 for the last of a block where
 * `zeroLastGamma` says so), shift 0, mean 0, variance 1; dense layers as torch.nn.Linear does, in ±1 / √inFeatures; biases
 * of convolutions at 0, those of gates as `modulation` says.
 */
export const parameterTable = (spec: ResNetSpec): readonly TableEntry[] =>
  layersOf(spec).flatMap((layer) =>
    parametersOf(layer).map((parameter) => ({ ...parameter, initial: initialRules[parameter.role](spec, layer) })),
  );
