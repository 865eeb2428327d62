// The operations that networks are built of: operands, parameters, results. Every one of them has a gradient rule.
// Letters: N images, C channels, H × W pixels, O filters, U × V kernel, K classes; a primed size (H′) is the result's.
import type { FloatDType, ValueDType } from "../base/dtype.ts";
import type {
  FeatureShape,
  FilterShape,
  ImageShape,
  MatrixShape,
  Pair,
  ScalarShape,
  Shape,
  VectorShape,
} from "../base/shape.ts";
import type { AveragePoolParams, ConvParams, PoolParams } from "./geometry.ts";
import type { Value } from "./value.ts";

export interface ForwardOps {
  /**
   * Correlates images with filters (what deep learning calls convolution).
   *   y[n, o, i, j] = Σ_{c,u,v} x[n, c, i·s + u − top, j·s + v − left] · weight[o, c, u, v]
   * x [N, C, H, W], weight [O, C / groups, U, V], y [N, O, H′, W′] with H′ = ⌊(H + top + bottom − U) / s⌋ + 1.
   */
  conv2d: {
    operands: { x: Value<ImageShape>; weight: Value<FilterShape> };
    params: ConvParams;
    results: { y: Value<ImageShape> };
  };
  /**
   * Batch normalisation with the statistics of this very batch (Ioffe & Szegedy 2015), over M = N·H·W elements a channel:
   *   y = scale · (x − mean) / √(variance + ε) + shift,   mean = Σx / M,   variance = Σ(x − mean)² / M  (biased)
   * mean and variance are results of their own; no gradient flows through them as such.
   */
  batchNormTrain: {
    operands: { x: Value<ImageShape>; scale: Value<VectorShape>; shift: Value<VectorShape> };
    params: { readonly epsilon: number };
    results: { y: Value<ImageShape>; mean: Value<VectorShape>; variance: Value<VectorShape> };
  };
  /**
   * y = scale · (x − mean) / √(variance + ε) + shift, with statistics that are given: of a network that predicts, and of one
   * whose batch norms are frozen. By mean and variance there is no gradient.
   */
  batchNormInference: {
    operands: {
      x: Value<ImageShape>;
      scale: Value<VectorShape>;
      shift: Value<VectorShape>;
      mean: Value<VectorShape>;
      variance: Value<VectorShape>;
    };
    params: { readonly epsilon: number };
    results: { y: Value<ImageShape> };
  };
  /** y = max(x, 0). */
  relu: { operands: { x: Value }; params: Record<never, never>; results: { y: Value } };
  /** y = a + b, of equal shapes. */
  add: { operands: { a: Value; b: Value }; params: Record<never, never>; results: { y: Value } };
  /** y = a · b, element by element, of equal shapes: a gate and what it lets through. */
  multiply: { operands: { a: Value; b: Value }; params: Record<never, never>; results: { y: Value } };
  /** y = 1 / (1 + e⁻ˣ). */
  sigmoid: { operands: { x: Value }; params: Record<never, never>; results: { y: Value } };
  /** y = scale · x + shift, the same two numbers everywhere: a shortcut scaled by ½, a gate's complement 1 − g. */
  affine: {
    operands: { x: Value };
    params: { readonly scale: number; readonly shift: number };
    results: { y: Value };
  };
  /** y[n, c, i, j] = x[n, c, i, j] + bias[c]. (Batch norm has its own shift; dense layers have their own bias.) */
  addBias: {
    operands: { x: Value<ImageShape>; bias: Value<VectorShape> };
    params: Record<never, never>;
    results: { y: Value<ImageShape> };
  };
  /**
   * The largest element of each window. argmax holds the winner's place in its window, u·V + v; of equal ones the first.
   * x [N, C, H, W], y and argmax [N, C, H′, W′]. Padding never wins; H′ rounds down (torch's ceil_mode=False).
   */
  maxPool: {
    operands: { x: Value<ImageShape> };
    params: PoolParams;
    results: { y: Value<ImageShape>; argmax: Value<ImageShape> };
  };
  /**
   * The mean of each window: y[n, c, i, j] = Σ_{u,v} x[n, c, i·s + u − top, j·s + v − left] / M over the pixels inside the
   * image. M is U·V where padding counts, else the number of those pixels. Padding is smaller than the window, so that each
   * window has pixels. H′ rounds down; torch's ceil_mode=True is `coveringPadding` that doesn't count.
   */
  averagePool: {
    operands: { x: Value<ImageShape> };
    params: AveragePoolParams;
    results: { y: Value<ImageShape> };
  };
  /** y[n, c] = Σ_{i,j} x[n, c, i, j] / (H·W). */
  globalAveragePool: {
    operands: { x: Value<ImageShape> };
    params: Record<never, never>;
    results: { y: Value<FeatureShape> };
  };
  /** An image as features: y[n, (c·H + i)·W + j] = x[n, c, i, j]. */
  flatten: {
    operands: { x: Value<ImageShape> };
    params: Record<never, never>;
    results: { y: Value<FeatureShape> };
  };
  /** Every s-th row and column, beginning with the first: y[n, c, i, j] = x[n, c, i·s, j·s]; H′ = ⌈H / s⌉. */
  subsample: {
    operands: { x: Value<ImageShape> };
    params: { readonly stride: Pair };
    results: { y: Value<ImageShape> };
  };
  /** Channels of zeros before and after: y [N, before + C + after, H, W]. */
  padChannels: {
    operands: { x: Value<ImageShape> };
    params: { readonly before: number; readonly after: number };
    results: { y: Value<ImageShape> };
  };
  /** Rows of zeros below and columns of zeros to the right: y [N, C, H + below, W + right]. */
  extendMap: {
    operands: { x: Value<ImageShape> };
    params: { readonly below: number; readonly right: number };
    results: { y: Value<ImageShape> };
  };
  /** y[n, o] = Σ_i x[n, i] · weight[o, i] + bias[o]. x [N, I], weight [O, I], bias [O]. */
  dense: {
    operands: { x: Value<FeatureShape>; weight: Value<MatrixShape>; bias: Value<VectorShape> };
    params: Record<never, never>;
    results: { y: Value<FeatureShape> };
  };
  /**
   * Zeroes a fraction `rate` of the elements and scales the others by 1 / (1 − rate). Element i is dropped when number
   * i mod 4 of the Philox block (key = [seed, dropout's purpose], counter = [⌊i / 4⌋, 0, stream, step]) is below rate · 2³².
   * key is i32 [2]: the run's seed and the number of the step. `stream` tells this node from others.
   */
  dropout: {
    operands: { x: Value; key: Value<VectorShape> };
    params: { readonly rate: number; readonly stream: number };
    results: { y: Value };
  };
  /**
   * Mean cross-entropy of a batch; labels i32 [N] in 0 … K − 1.
   *   loss = −(1/N) Σ_n Σ_k t[n, k] · log p[n, k],   p = softmax(logits),   t = (1 − ε)·onehot + ε / K  (ε = labelSmoothing)
   */
  softmaxCrossEntropy: {
    operands: { logits: Value<FeatureShape>; labels: Value<VectorShape> };
    params: { readonly labelSmoothing: number };
    results: { loss: Value<ScalarShape>; probabilities: Value<FeatureShape> };
  };
  /**
   * Stochastic depth (Huang et al. 2016), each image on its own: all of an image is zeroed with probability `rate`, and scaled by
   * 1 / (1 − rate) otherwise (torchvision's mode "row"). Image n is dropped when number n mod 4 of the Philox block (key = [seed,
   * stochastic depth's purpose], counter = [⌊n / 4⌋, 0, stream, step]) is below rate · 2³². key as in dropout.
   */
  stochasticDepth: {
    operands: { x: Value; key: Value<VectorShape> };
    params: { readonly rate: number; readonly stream: number };
    results: { y: Value };
  };
  /**
   * What each image should be, as numbers for K classes; labels and partners i32 [N], share [N] in 0 … 1:
   *   t[n, k] = (1 − ε)·(share[n]·[k = labels[n]] + (1 − share[n])·[k = partners[n]]) + ε / K   (ε = labelSmoothing)
   * With a threshold, 1 where that is above it and 0 elsewhere. Mixed images (mixup, cutmix) have a partner's label as well; others
   * are their own partner. By share there is no gradient.
   */
  mixedTargets: {
    operands: { labels: Value<VectorShape>; partners: Value<VectorShape>; share: Value<VectorShape> };
    params: { readonly classes: number; readonly labelSmoothing: number; readonly threshold: number | null };
    results: { targets: Value<FeatureShape> };
  };
  /** loss = −(1/N) Σ_n Σ_k t[n, k] · log p[n, k],   p = softmax(logits). By the targets there is no gradient. */
  softCrossEntropy: {
    operands: { logits: Value<FeatureShape>; targets: Value<FeatureShape> };
    params: Record<never, never>;
    results: { loss: Value<ScalarShape>; probabilities: Value<FeatureShape> };
  };
  /**
   * Each class a yes or no of its own (Beyer et al. 2020; Wightman et al. 2021), z being the logits:
   *   loss = (1/N) Σ_n Σ_k −t·log σ(z) − (1 − t)·log(1 − σ(z)) = (1/N) Σ_n Σ_k max(z, 0) − z·t + log(1 + e^−|z|),
   * over: "mean" divides by K as well. By the targets there is no gradient.
   */
  binaryCrossEntropy: {
    operands: { logits: Value<FeatureShape>; targets: Value<FeatureShape> };
    params: { readonly over: "sum" | "mean" };
    results: { loss: Value<ScalarShape> };
  };
  /** The same elements in another type, each rounded to nearest, ties to even. */
  cast: { operands: { x: Value }; params: { readonly dtype: Exclude<ValueDType, "i32"> }; results: { y: Value } };
  /** The same number everywhere. */
  constant: {
    operands: Record<never, never>;
    params: { readonly value: number; readonly shape: Shape; readonly dtype: FloatDType };
    results: { y: Value };
  };
}

/** Operations of a network that no longer learns: they have no gradient. */
export interface EvaluationOps {
  /**
   * Filters and bias of the convolution that does what a convolution and the batch norm after it do. With
   * g = scale / √(variance + ε):
   *   weight′[o, c, u, v] = weight[o, c, u, v] · g[o],   bias′[o] = (bias[o] − mean[o]) · g[o] + shift[o]
   * bias, the convolution's own, may be left out. All vectors [O].
   */
  foldBatchNorm: {
    operands: {
      weight: Value<FilterShape>;
      bias?: Value<VectorShape>;
      scale: Value<VectorShape>;
      shift: Value<VectorShape>;
      mean: Value<VectorShape>;
      variance: Value<VectorShape>;
    };
    params: { readonly epsilon: number };
    results: { weight: Value<FilterShape>; bias: Value<VectorShape> };
  };
}
