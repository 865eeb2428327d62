// The geometry of sliding windows, shared by convolution and pooling: parameters, and the sizes they lead to.
import type { Pair } from "../base/shape.ts";

/** Rows and columns added around an image: zeros for a convolution, −∞ for a maximum. */
export interface Padding {
  readonly top: number;
  readonly left: number;
  readonly bottom: number;
  readonly right: number;
}

/** A window that slides over an image. */
export interface WindowParams {
  readonly stride: Pair;
  readonly padding: Padding;
}

export interface ConvParams extends WindowParams {
  /** Output channels of group i see only the input channels of group i; 1 for an ordinary convolution. */
  readonly groups: number;
}

export interface PoolParams extends WindowParams {
  readonly kernel: Pair;
}

export interface AveragePoolParams extends PoolParams {
  /** Do padded pixels count in the mean, as zeros? torch's count_include_pad. If not, a mean is over pixels of the image only. */
  readonly countPadding: boolean;
}

/** The same amount on all four sides. */
export const padding = (amount: number): Padding => ({ top: amount, left: amount, bottom: amount, right: amount });

/**
 * Padding below and to the right by which windows reach the last row and column: with it, `windowPositions` rounds up as
 * torch's ceil_mode=True does, provided that padding does not count. No window begins in it.
 */
export const coveringPadding = (size: Pair, kernel: Pair, stride: Pair): Padding => {
  const missing = (axis: 0 | 1): number => {
    const last = Math.ceil((size[axis] - kernel[axis]) / stride[axis]) * stride[axis]; // where the last window begins
    return last < size[axis] ? Math.max(0, last + kernel[axis] - size[axis]) : 0;
  };
  return { top: 0, left: 0, bottom: missing(0), right: missing(1) };
};

/** Positions of a window along each axis: ⌊(H + top + bottom − U) / s⌋ + 1. Less than 1 when it doesn't fit at all. */
export const windowPositions = (size: Pair, kernel: Pair, params: WindowParams): Pair => [
  Math.floor((size[0] + params.padding.top + params.padding.bottom - kernel[0]) / params.stride[0]) + 1,
  Math.floor((size[1] + params.padding.left + params.padding.right - kernel[1]) / params.stride[1]) + 1,
];
