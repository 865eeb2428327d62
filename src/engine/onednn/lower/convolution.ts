// Convolutions. Images lie as the chosen code wants them, weights as the primitive does.
import { UnsupportedError } from "../../../base/errors.ts";
import type { FilterShape } from "../../../base/shape.ts";
import type { NodeOf } from "../../../graph/ops.ts";
import type { Value } from "../../../graph/value.ts";
import type { MemoryDescriptor, Primitive } from "../dnnl.ts";
import type { Lowering } from "../lowering.ts";
import type { Physical } from "../physical.ts";
import { chooseImplementation } from "./choose-convolution.ts";
import { chooseWeightGradient, computeWeightGradient } from "./choose-weight-gradient.ts";
import { type ConvolutionImplementation, nativeFilter } from "./convolution-layer.ts";
import { chooseMirrored, computeMirrored } from "./mirrored-gradient.ts";
import { readRegrouped, regroupedGradient } from "./regroup.ts";

/** The layout that a primitive wants for its weights; it has one whenever the weights were described as any. */
const wanted = (context: Lowering, primitive: Primitive, tensor: "weight" | "dWeight"): MemoryDescriptor => {
  const descriptor = primitive.layoutOf(tensor);
  if (descriptor === null) throw new UnsupportedError("onednn", context.where, `no layout for its ${tensor}`);
  return descriptor;
};

export const readWeight = (
  context: Lowering,
  weight: Value<FilterShape>,
  { primitive, groups: fewer = Number.POSITIVE_INFINITY }: Pick<ConvolutionImplementation, "primitive" | "groups">,
  groups: number,
) => {
  const layout = wanted(context, primitive, "weight");
  if (fewer < groups) return readRegrouped(context, weight, layout, groups, fewer);
  return context.readAs(weight, layout, "opaque", nativeFilter(weight.shape, groups));
};

export const conv2d = (
  context: Lowering,
  { operands: { x, weight }, params, results: { y } }: NodeOf<"conv2d">,
): void => {
  const shapes = { x: x.shape, filter: weight.shape, y: y.shape };
  const type = context.typeOf(x);
  const pass = context.inference ? "inference" : "training";
  const given = { x: context.asIs(x) };
  const chosen = chooseImplementation(context, { pass, ...shapes, params, type, given });
  const { primitive, layouts } = chosen;
  context.call(primitive, [
    ["x", context.read(x, layouts[0])],
    ["weight", readWeight(context, weight, chosen, params.groups)],
    ["y", context.result(y, layouts[1])],
  ]);
};

export const conv2dBackwardData = (
  context: Lowering,
  { operands: { dy, weight }, params, results: { dx } }: NodeOf<"conv2dBackwardData">,
): void => {
  const shapes = { x: dx.shape, filter: weight.shape, y: dy.shape };
  const type = context.typeOf(dy);
  const given = { y: context.asIs(dy) };
  const layer = { pass: "backwardData", ...shapes, params, type, given } as const;
  const chosen = chooseImplementation(context, layer);
  const { primitive, layouts } = chosen;
  const mirrored = chooseMirrored(context, layer, chosen, weight);
  if (mirrored !== null) {
    const gradient = context.read(dy, layouts[1]);
    computeMirrored(context, mirrored, weight, gradient, context.result(dx, layouts[0]));
    return;
  }
  context.call(primitive, [
    ["dy", context.read(dy, layouts[1])],
    ["weight", readWeight(context, weight, chosen, params.groups)],
    ["dx", context.result(dx, layouts[0])],
  ]);
};

export const conv2dBackwardWeight = (
  context: Lowering,
  { operands: { x, dy }, params, results: { dWeight } }: NodeOf<"conv2dBackwardWeight">,
): void => {
  const shapes = { x: x.shape, filter: dWeight.shape, y: dy.shape };
  const given = { x: context.asIs(x), y: context.asIs(dy) };
  const layer = { pass: "backwardWeight", ...shapes, params, type: context.typeOf(x), given } as const;
  const chosen = chooseImplementation(context, layer);
  const { primitive, layouts, type, groups: fewer = params.groups } = chosen;
  const layout = wanted(context, primitive, "dWeight");
  const form = chooseWeightGradient(context, layer, chosen);
  if (form !== null) {
    const images = { x: context.read(x, "nChw16c"), dy: context.read(dy, "nChw16c") };
    const gradient = context.resultAs(dWeight, layout, "opaque", dWeight.shape);
    computeWeightGradient(context, form, { ...images, dWeight: gradient });
    return;
  }
  const call = (to: Physical): void =>
    context.call(primitive, [
      ["x", context.read(x, layouts[0], type)],
      ["dy", context.read(dy, layouts[1], type)],
      ["dWeight", to],
    ]);
  if (fewer < params.groups) {
    const { filled, finish } = regroupedGradient(context, dWeight, layout, params.groups, fewer);
    call(filled);
    finish();
  } else call(context.resultAs(dWeight, layout, "opaque", nativeFilter(dWeight.shape, params.groups)));
};
