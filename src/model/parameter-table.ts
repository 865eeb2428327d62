// Every tensor of a network, in torchvision's order and under its names, with its role and how it starts.
import { invariant } from "../base/errors.ts";
import type { Shape } from "../base/shape.ts";
import { type Layer, layersOf } from "../spec/layers.ts";
import { type ParameterRole, parametersOf } from "../spec/parameters.ts";
import type { Initialisation, ResNetSpec } from "../spec/spec.ts";

/** The distribution of a tensor's first values: one number, normal with mean 0, or uniform between −bound and bound. */
export type InitialValues =
  | { readonly kind: "constant"; readonly value: number }
  | { readonly kind: "normal"; readonly deviation: number }
  | { readonly kind: "uniform"; readonly bound: number };

export interface TableEntry {
  readonly name: string;
  readonly shape: Shape;
  readonly role: ParameterRole;
  readonly initial: InitialValues;
}

const heFans: { readonly [I in Initialisation]: (layer: Layer<"conv">) => number } = {
  "he-fan-out": ({ kernel, outChannels }) => kernel ** 2 * outChannels,
  "he-fan-in": ({ kernel, inChannels, groups }) => kernel ** 2 * (inChannels / groups),
};

const constant = (value: number): InitialValues => ({ kind: "constant", value });

/** Weights of a convolution; weights and bias of a dense layer: no other layer has tensors of these roles. */
const initialWeights = (spec: ResNetSpec, layer: Layer): InitialValues => {
  if (layer.kind === "conv") return { kind: "normal", deviation: Math.sqrt(2 / heFans[spec.initialisation](layer)) };
  invariant(layer.kind === "dense", `${layer.name}: a ${layer.kind} layer has no weights`);
  // torch.nn.Linear's default: kaiming_uniform_ with a = √5, which is uniform within 1 / √inFeatures; its bias alike.
  return { kind: "uniform", bound: 1 / Math.sqrt(layer.inFeatures) };
};

const initialRules: { readonly [R in ParameterRole]: (spec: ResNetSpec, layer: Layer) => InitialValues } = {
  weight: initialWeights,
  bias: initialWeights,
  scale: (spec, layer) => constant(spec.zeroLastGamma && layer.kind === "batchNorm" && layer.closesBranch ? 0 : 1),
  shift: () => constant(0),
  runningMean: () => constant(0),
  runningVariance: () => constant(1),
};

/**
 * Every parameter and running statistic of a network: torchvision's state dict without `num_batches_tracked`.
 * Convolutions start as the spec's `initialisation` says; batch norm with scale 1 (0 for the last of a block where
 * `zeroLastGamma` says so), shift 0, mean 0, variance 1; the dense layer as torch.nn.Linear does, in ±1 / √inFeatures.
 */
export const parameterTable = (spec: ResNetSpec): readonly TableEntry[] =>
  layersOf(spec).flatMap((layer) =>
    parametersOf(layer).map((parameter) => ({ ...parameter, initial: initialRules[parameter.role](spec, layer) })),
  );
