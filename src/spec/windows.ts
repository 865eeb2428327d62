// Where a window (a convolution's kernel, a pool) stands on a map: padding in each of the spec's terms, and the size of what
// comes out.
import type { MapShape, Padding, Sides } from "./spec.ts";

/** Square, as all of the family's. */
export interface Window {
  readonly kernel: number;
  readonly stride: number;
  readonly padding: Sides;
}

/** Splits an amount as TensorFlow and, for odd kernels, everyone does: the smaller half before. */
const halves = (total: number): readonly [before: number, after: number] => [
  Math.floor(total / 2),
  Math.ceil(total / 2),
];

const sides = ([top, bottom]: readonly [number, number], [left, right]: readonly [number, number]): Sides => ({
  top,
  left,
  bottom,
  right,
});

/** max((⌈size / stride⌉ − 1) · stride + kernel − size, 0) */
const sameTotal = (size: number, kernel: number, stride: number): number =>
  Math.max((Math.ceil(size / stride) - 1) * stride + kernel - size, 0);

/** The amounts on each side that a padding means for a map. */
export const paddingOf = (padding: Padding, [, height, width]: MapShape, kernel: number, stride: number): Sides => {
  if (padding === "fixed") return sides(halves(kernel - 1), halves(kernel - 1));
  if (padding === "same") {
    return sides(halves(sameTotal(height, kernel, stride)), halves(sameTotal(width, kernel, stride)));
  }
  if (typeof padding === "number") return sides([padding, padding], [padding, padding]);
  return padding;
};

/** ⌊(size + before + after − kernel) / stride⌋ + 1 along both axes; less than 1 where the window doesn't fit. */
export const windowed = (
  [, height, width]: MapShape,
  channels: number,
  { kernel, stride, padding: { top, left, bottom, right } }: Window,
): MapShape => [
  channels,
  Math.floor((height + top + bottom - kernel) / stride) + 1,
  Math.floor((width + left + right - kernel) / stride) + 1,
];

/**
 * The windows of stride × stride that a shortcut averages so that it ends up with the size of the branch. Where that takes a
 * part of a window (odd sizes), the rest is padding that doesn't count, as PyTorch's ceil_mode.
 */
export const averagingWindow = (input: MapShape, output: MapShape, stride: number): Window => ({
  kernel: stride,
  stride,
  padding: {
    top: 0,
    left: 0,
    bottom: Math.max(output[1] * stride - input[1], 0),
    right: Math.max(output[2] * stride - input[2], 0),
  },
});

/** Windows of stride × stride beside one another; what is left of one at the edge doesn't count. */
export const wholeWindow = (stride: number): Window => ({
  kernel: stride,
  stride,
  padding: { top: 0, left: 0, bottom: 0, right: 0 },
});
