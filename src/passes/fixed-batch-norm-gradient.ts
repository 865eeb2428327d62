// The gradient of batch norm whose statistics are given: an affine map of each channel, so that operations which exist already
// make it, on every engine. One pass over the maps where only x has a gradient, as in a body whose scales and shifts are frozen.
import { invariant } from "../base/errors.ts";
import type { VectorShape } from "../base/shape.ts";
import type { Value } from "../graph/value.ts";
import type { GradientRule } from "./gradient-rules.ts";

/**
 * With x̂ = (x − mean) / √(variance + ε):
 *   dx = scale / √(variance + ε) · dy,   dShift = Σ dy,   dScale = Σ dy · x̂
 * where dx and x̂ are again batch norms with given statistics: of dy with mean and shift 0, of x with scale 1 and shift 0.
 */
export const batchNormInference: GradientRule<"batchNormInference"> = (
  { name, operands: { x, scale, shift, mean, variance }, results: { y }, params },
  { gradientOf, wanted, builder },
) => {
  invariant(!wanted(mean) && !wanted(variance), `${name}: its statistics are given, there is no gradient by them`);
  const dy = gradientOf(y);
  if (dy === null) return { x: null, scale: null, shift: null, mean: null, variance: null };
  const dtype = scale.dtype === "f64" ? "f64" : "f32";
  const vector = (what: string, value: number): Value<VectorShape> => {
    const constant = builder.add("constant", `${name}.${what}`, {}, { value, shape: scale.shape, dtype }).y;
    return { ...constant, shape: scale.shape };
  };
  const zeros = vector("zeros", 0);
  const byX = (): Value => {
    const operands = { x: dy, scale, shift: zeros, mean: zeros, variance };
    return builder.add("batchNormInference", `${name}.dx`, operands, params).y;
  };
  const byScale = (): Value => {
    const operands = { x, scale: vector("ones", 1), shift: zeros, mean, variance };
    const normalised = builder.add("batchNormInference", `${name}.normalised`, operands, params).y;
    const product = builder.add("multiply", `${name}.product`, { a: dy, b: normalised }, {}).y;
    return builder.add("sumPerChannel", `${name}.dScale`, { dy: product }, {}).dBias;
  };
  return {
    x: wanted(x) ? byX() : null,
    scale: wanted(scale) ? byScale() : null,
    shift: wanted(shift) ? builder.add("sumPerChannel", `${name}.dShift`, { dy }, {}).dBias : null,
    mean: null,
    variance: null,
  };
};
