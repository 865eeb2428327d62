// The operations that autodiff adds. They are not differentiated themselves.
// A gradient of the loss is named `d` and the operand's name; letters as in forward-ops.ts.
import type {
  FeatureShape,
  FilterShape,
  ImageShape,
  MatrixShape,
  Pair,
  ScalarShape,
  VectorShape,
} from "../base/shape.ts";
import type { AveragePoolParams, ConvParams, PoolParams } from "./geometry.ts";
import type { Value } from "./value.ts";

export interface BackwardOps {
  /** dx[n, c, h, w] = Σ dy[n, o, i, j] · weight[o, c, u, v] over all (o, i, j, u, v) with h = i·s + u − top, w = j·s + v − left. */
  conv2dBackwardData: {
    operands: { dy: Value<ImageShape>; weight: Value<FilterShape> };
    params: ConvParams & { readonly inputShape: ImageShape };
    results: { dx: Value<ImageShape> };
  };
  /** dWeight[o, c, u, v] = Σ_{n,i,j} dy[n, o, i, j] · x[n, c, i·s + u − top, j·s + v − left]. */
  conv2dBackwardWeight: {
    operands: { x: Value<ImageShape>; dy: Value<ImageShape> };
    params: ConvParams & { readonly filterShape: FilterShape };
    results: { dWeight: Value<FilterShape> };
  };
  /**
   * With x̂ = (x − mean) / √(variance + ε) and M = N·H·W:
   *   dShift = Σ dy,   dScale = Σ dy · x̂,   dx = scale / √(variance + ε) · (dy − dShift / M − x̂ · dScale / M)
   */
  batchNormBackward: {
    operands: {
      x: Value<ImageShape>;
      dy: Value<ImageShape>;
      scale: Value<VectorShape>;
      mean: Value<VectorShape>;
      variance: Value<VectorShape>;
    };
    params: { readonly epsilon: number };
    results: { dx: Value<ImageShape>; dScale: Value<VectorShape>; dShift: Value<VectorShape> };
  };
  /** dx = dy where y > 0, else 0 (at 0 the slope is 0, as everywhere). */
  reluBackward: { operands: { y: Value; dy: Value }; params: Record<never, never>; results: { dx: Value } };
  /** dx = dy · y · (1 − y), with y the sigmoid's result. */
  sigmoidBackward: { operands: { y: Value; dy: Value }; params: Record<never, never>; results: { dx: Value } };
  /** dBias[c] = Σ_{n,i,j} dy[n, c, i, j]. */
  sumPerChannel: {
    operands: { dy: Value<ImageShape> };
    params: Record<never, never>;
    results: { dBias: Value<VectorShape> };
  };
  /** Each dy goes to the element that won its window; windows overlap, so they add up. */
  maxPoolBackward: {
    operands: { argmax: Value<ImageShape>; dy: Value<ImageShape> };
    params: PoolParams & { readonly inputShape: ImageShape };
    results: { dx: Value<ImageShape> };
  };
  /** Each dy / M goes to all pixels of its window, with M as in averagePool; windows overlap, so they add up. */
  averagePoolBackward: {
    operands: { dy: Value<ImageShape> };
    params: AveragePoolParams & { readonly inputShape: ImageShape };
    results: { dx: Value<ImageShape> };
  };
  /** dx[n, c, i, j] = dy[n, c] / (H·W). */
  globalAveragePoolBackward: {
    operands: { dy: Value<FeatureShape> };
    params: { readonly size: Pair };
    results: { dx: Value<ImageShape> };
  };
  /** Features as an image: dx[n, c, i, j] = dy[n, (c·H + i)·W + j]. */
  unflatten: {
    operands: { dy: Value<FeatureShape> };
    params: { readonly inputShape: ImageShape };
    results: { dx: Value<ImageShape> };
  };
  /** dx[n, c, i·s, j·s] = dy[n, c, i, j], zero elsewhere. */
  subsampleBackward: {
    operands: { dy: Value<ImageShape> };
    params: { readonly stride: Pair; readonly inputShape: ImageShape };
    results: { dx: Value<ImageShape> };
  };
  /** Channels start … start + count − 1. */
  sliceChannels: {
    operands: { x: Value<ImageShape> };
    params: { readonly start: number; readonly count: number };
    results: { y: Value<ImageShape> };
  };
  /** The first rows and columns: y [N, C, ...size]. */
  cropMap: {
    operands: { x: Value<ImageShape> };
    params: { readonly size: Pair };
    results: { y: Value<ImageShape> };
  };
  /** dx[n, i] = Σ_o dy[n, o] · weight[o, i]. */
  denseBackwardData: {
    operands: { dy: Value<FeatureShape>; weight: Value<MatrixShape> };
    params: Record<never, never>;
    results: { dx: Value<FeatureShape> };
  };
  /** dWeight[o, i] = Σ_n dy[n, o] · x[n, i];  dBias[o] = Σ_n dy[n, o]. */
  denseBackwardWeight: {
    operands: { x: Value<FeatureShape>; dy: Value<FeatureShape> };
    params: Record<never, never>;
    results: { dWeight: Value<MatrixShape>; dBias: Value<VectorShape> };
  };
  /** dLogits = dLoss · (probabilities − t) / N, with t as in softmaxCrossEntropy. */
  softmaxCrossEntropyBackward: {
    operands: { probabilities: Value<FeatureShape>; labels: Value<VectorShape>; dLoss: Value<ScalarShape> };
    params: { readonly labelSmoothing: number };
    results: { dLogits: Value<FeatureShape> };
  };
  /** dLogits[n, k] = dLoss · (p[n, k] · Σ_j t[n, j] − t[n, k]) / N. */
  softCrossEntropyBackward: {
    operands: { probabilities: Value<FeatureShape>; targets: Value<FeatureShape>; dLoss: Value<ScalarShape> };
    params: Record<never, never>;
    results: { dLogits: Value<FeatureShape> };
  };
  /** dLogits = dLoss · (σ(logits) − t) / N, divided by K as well over the mean. */
  binaryCrossEntropyBackward: {
    operands: { logits: Value<FeatureShape>; targets: Value<FeatureShape>; dLoss: Value<ScalarShape> };
    params: { readonly over: "sum" | "mean" };
    results: { dLogits: Value<FeatureShape> };
  };
}
