// The operations of a quantised network. A byte stands for itself times a scale, a number of its node; zero stands for zero (symmetric
// quantisation: Jacob et al. 2018, Quantization and Training of Neural Networks for Efficient Integer-Arithmetic-Only Inference, without
// their zero points; Wu et al. 2020, Integer Quantization for Deep Learning Inference, 3.3). They have no gradient.
import type { ByteDType } from "../base/dtype.ts";
import type { FilterShape, ImageShape, VectorShape } from "../base/shape.ts";
import type { ConvParams } from "./geometry.ts";
import type { Value } from "./value.ts";

export interface QuantizedConvParams extends ConvParams {
  /** What one level of Σ x·weight is worth in levels of y: scale of x · scale of filter o / scale of y, one for each filter. */
  readonly factors: readonly number[];
  readonly relu: boolean;
  /** What one level of the shortcut is worth in levels of y; 1 where both are f32. */
  readonly shortcutFactor: number;
  readonly result: "f32" | ByteDType;
}

export interface QuantizedOps {
  /** y = x / scale, rounded to the nearest level, ties to even; what is beyond the type's levels is cut off. NaN becomes 0. */
  quantize: {
    operands: { x: Value };
    params: { readonly dtype: ByteDType; readonly scale: number };
    results: { y: Value };
  };
  /** y = x · scale, in f32. */
  dequantize: { operands: { x: Value }; params: { readonly scale: number }; results: { y: Value } };
  /**
   * A convolution over bytes, with all that follows it:
   *   y[n, o, i, j] = relu((Σ_{c,u,v} x[n, c, …] · weight[o, c, u, v] + bias[o]) · factors[o] + shortcutFactor · shortcut[n, o, i, j])
   * rounded to the nearest level of y's type, ties to even, what is beyond its levels cut off; f32 is stored as it is. The sum is exact, in
   * integers; bias is f32 [O], in its units, those of x's scale times the filter's (as ONNX's QLinearConv has it, but not rounded).
   * The relu is left out where `relu` is false. shortcut [N, O, H′, W′] may be left out; it is of bytes exactly where y is.
   * x [N, C, H, W] i8 or u8, weight [O, C / groups, U, V] i8.
   */
  quantizedConv2d: {
    operands: {
      x: Value<ImageShape>;
      weight: Value<FilterShape>;
      bias: Value<VectorShape>;
      shortcut?: Value<ImageShape>;
    };
    params: QuantizedConvParams;
    results: { y: Value<ImageShape> };
  };
}
