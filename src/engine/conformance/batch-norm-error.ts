// Rounding error of batch normalisation. Statistics may be computed in one pass or two: the magnitudes cover both.
import type { ImageShape } from "../../base/shape.ts";
import type { Node } from "../../graph/ops.ts";
import type { ElementsOf } from "../reference/kernel.ts";
import type { ErrorBound } from "./error-rules.ts";

/** Calls `visit` with the place of each of a channel's elements. */
const forEachOfChannel = ([N, C, H, W]: ImageShape, c: number, visit: (place: number) => void): void => {
  for (let n = 0; n < N; n++) {
    for (let p = 0; p < H * W; p++) visit((n * C + c) * H * W + p);
  }
};

/**
 * With A = Σ|x| / M, σ² = variance + ε, and M additions, the division, the square, ε, √, ·, +:
 *   mean      M + 1 roundings relative to A
 *   variance  M + 6 relative to V = Σ(|x| + A)² / M, which bounds the terms of Σ(x − mean)² / M and of Σx² / M − mean²
 *   y         M + 12 relative to |scale| · ((|x| + A) / σ + |x − mean| / σ · V / σ²) + |shift|
 */
export const batchNormTrainError = (
  { operands, results, params }: Node<"batchNormTrain">,
  elementsOf: ElementsOf,
): ReadonlyMap<string, ErrorBound> => {
  const [N, C, H, W] = operands.x.shape;
  const M = N * H * W;
  const [x, scale, shift] = [elementsOf(operands.x), elementsOf(operands.scale), elementsOf(operands.shift)];
  const [means, variances] = [elementsOf(results.mean), elementsOf(results.variance)];
  const y = new Float64Array(x.length);
  const mean = new Float64Array(C);
  const variance = new Float64Array(C);
  for (let c = 0; c < C; c++) {
    forEachOfChannel(operands.x.shape, c, (i) => {
      mean[c]! += Math.abs(x[i]!) / M;
    });
    const A = mean[c]!;
    forEachOfChannel(operands.x.shape, c, (i) => {
      variance[c]! += (Math.abs(x[i]!) + A) ** 2 / M;
    });
    const squaredDeviation = variances[c]! + params.epsilon; // σ²
    const gain = Math.abs(scale[c]!) / Math.sqrt(squaredDeviation);
    const inherited = variance[c]! / squaredDeviation; // V / σ²: what 1 / σ inherits from the variance
    forEachOfChannel(operands.x.shape, c, (i) => {
      y[i] = gain * (Math.abs(x[i]!) + A + Math.abs(x[i]! - means[c]!) * inherited) + Math.abs(shift[c]!);
    });
  }
  return new Map([
    [results.mean.name, { roundings: M + 1, magnitude: mean }],
    [results.variance.name, { roundings: M + 6, magnitude: variance }],
    [results.y.name, { roundings: M + 12, magnitude: y }],
  ]);
};

/**
 * With X = (|x| + |mean|) / √(variance + ε), which bounds |x̂| and what cancels in it:
 *   dShift  M roundings relative to Σ|dy|          dScale  M + 6 relative to Σ|dy| · X
 *   dx      M + 12 relative to |scale| / √(variance + ε) · (|dy| + Σ|dy| / M + X · Σ|dy| · X / M)
 */
export const batchNormBackwardError = (
  { operands, results, params }: Node<"batchNormBackward">,
  elementsOf: ElementsOf,
): ReadonlyMap<string, ErrorBound> => {
  const [N, C, H, W] = operands.x.shape;
  const M = N * H * W;
  const [x, dy, scale] = [elementsOf(operands.x), elementsOf(operands.dy), elementsOf(operands.scale)];
  const [means, variances] = [elementsOf(operands.mean), elementsOf(operands.variance)];
  const dx = new Float64Array(x.length);
  const dScale = new Float64Array(C);
  const dShift = new Float64Array(C);
  for (let c = 0; c < C; c++) {
    const deviation = Math.sqrt(variances[c]! + params.epsilon);
    const X = (i: number): number => (Math.abs(x[i]!) + Math.abs(means[c]!)) / deviation;
    forEachOfChannel(operands.x.shape, c, (i) => {
      dShift[c]! += Math.abs(dy[i]!);
      dScale[c]! += Math.abs(dy[i]!) * X(i);
    });
    const gain = Math.abs(scale[c]!) / deviation;
    forEachOfChannel(operands.x.shape, c, (i) => {
      dx[i] = gain * (Math.abs(dy[i]!) + dShift[c]! / M + (X(i) * dScale[c]!) / M);
    });
  }
  return new Map([
    [results.dx.name, { roundings: M + 12, magnitude: dx }],
    [results.dScale.name, { roundings: M + 6, magnitude: dScale }],
    [results.dShift.name, { roundings: M, magnitude: dShift }],
  ]);
};
