// Batch norm's means and variances estimated anew, with weights that no longer move, as an exact average over training batches:
// what He et al. evaluated with ("strictly computed using average (not moving average) … after the training procedure", README of
// their released models). A moving average remembers the last batches alone, of weights that still moved.
import type { Precision } from "../base/dtype.ts";
import { invariant, UsageError } from "../base/errors.ts";
import { type NamedTensors, tensor } from "../base/tensor.ts";
import type { Batch } from "../data/batch.ts";
import type { Engine } from "../engine/contract.ts";
import { GraphBuilder } from "../graph/builder.ts";
import { type BatchStatistics, buildForward } from "../model/forward.ts";
import { fuse } from "../passes/fuse.ts";
import { withPrecision } from "../passes/precision.ts";
import { makePlan } from "../plan/plan.ts";
import type { ResNetSpec } from "../spec/spec.ts";
import { withResources } from "./resources.ts";

export interface ReestimationOptions {
  readonly engine: Engine;
  readonly spec: ResNetSpec;
  /** Parameters and running statistics, under torchvision's names. */
  readonly tensors: NamedTensors;
  /**
   * Of activations: "f32" (default) or "bf16", best as the network will be used. Statistics are f32 in both, and averaged in f64.
   */
  readonly precision?: Precision;
  /** Images of a batch, and how many batches are averaged. */
  readonly batch: number;
  readonly batches: number;
  /** The training images [batch, …spec.input], normalised and not augmented; each batch is released after use. */
  readonly nextBatch: () => Promise<Batch>;
  /** Told after each batch how many are done. */
  readonly onProgress?: (batches: number) => void;
  /** Makes it reject with the signal's reason, before the next batch. */
  readonly signal?: AbortSignal;
}

export interface Reestimation {
  /** All tensors; the running statistics are the new ones, the others the very same. */
  readonly tensors: NamedTensors;
  /** The largest change of a mean, in units of the channel's new deviation √(variance + ε), and where it is. */
  readonly largestMeanChange: { readonly layer: string; readonly channel: number; readonly deviations: number };
}

/** Sums over batches, in f64. */
interface Sums {
  readonly layer: string;
  readonly mean: Float64Array;
  readonly variance: Float64Array;
}

/** The network with every batch norm's statistics as outputs; nothing drops. */
const statisticsGraph = (spec: ResNetSpec, batch: number, precision: Precision) => {
  const builder = new GraphBuilder();
  const { batchStatistics } = buildForward(builder, spec, { mode: "statistics", batch });
  for (const { mean, variance } of batchStatistics) {
    builder.output(mean);
    builder.output(variance);
  }
  // Statistics are f32 whatever activations are, so they keep their names.
  return { graph: withPrecision(builder.build(), precision), batchStatistics };
};

const correctionOf = ({ count }: BatchStatistics, { batchNorm }: ResNetSpec): number =>
  batchNorm.runningVariance === "unbiased" ? count / (count - 1) : 1;

/**
 * The network's tensors with running statistics that are averages over B batches of M = N·H·W values a channel:
 *
 *   mean = (1/B) Σ_b mean_b      variance = (1/B) Σ_b variance_b · M / (M − 1)
 *
 * (Ioffe and Szegedy 2015, algorithm 2; torch.optim.swa_utils.update_bn. Where the spec's running variance is biased, Keras', without
 * M / (M − 1).) The variance is that within batches, which training normalised by; that of all values together would add the
 * variance of the batches' means. All batch norms are estimated in one pass, each behind others that normalise by the batch.
 * Unlike in update_bn nothing is dropped, as nothing is in evaluation (Li et al. 2018 show what dropout does to variances).
 *
 * Costs a forward pass of each image; with a training loader's `next` for `nextBatch` and its `stepsPerEpoch` for `batches` each image
 * counts at most once. Throws UsageError where there is no batch norm, where batch norm would take the variance of a single value, and
 * for weights that give statistics which are not finite.
 */
export const reestimateStatistics = async (options: ReestimationOptions): Promise<Reestimation> => {
  const { engine, spec, tensors, batch, batches, nextBatch, signal } = options;
  const { precision = "f32", onProgress = () => {} } = options;
  const { graph, batchStatistics } = statisticsGraph(spec, batch, precision);
  if (batchStatistics.length === 0) {
    throw new UsageError(`${spec.name} has no batch norm: there are no statistics to estimate anew`);
  }
  const sums = batchStatistics.map(({ layer, mean: { shape } }): Sums => {
    const zeros = () => new Float64Array(shape[0]);
    return { layer, mean: zeros(), variance: zeros() };
  });

  await withResources(async (keep) => {
    const state = keep(await engine.createState(tensors));
    const program = keep(await engine.compile(makePlan(fuse(graph, engine.fusions)), state));
    for (let done = 0; done < batches; done++) {
      signal?.throwIfAborted();
      const images = await nextBatch();
      try {
        const outputs = await program.run({ images: images.images }, "step");
        for (const [i, { mean, variance }] of batchStatistics.entries()) {
          add(sums[i]!.mean, outputs[mean.name]?.data);
          add(sums[i]!.variance, outputs[variance.name]?.data);
        }
      } finally {
        images.release();
      }
      onProgress(done + 1);
    }
  });

  const renewed = new Map(tensors);
  let largest = { layer: "", channel: 0, deviations: -1 };
  for (const [i, { layer, mean, variance }] of sums.entries()) {
    const correction = correctionOf(batchStatistics[i]!, spec);
    const means = Float32Array.from(mean, (sum) => sum / batches);
    const variances = Float32Array.from(variance, (sum) => (sum / batches) * correction);
    const before = tensors.get(`${layer}.running_mean`);
    invariant(before, `${layer} has a running mean`);
    for (let c = 0; c < means.length; c++) {
      const deviations = Math.abs(means[c]! - before.data[c]!) / Math.sqrt(variances[c]! + spec.batchNorm.epsilon);
      if (!Number.isFinite(deviations)) throw new UsageError(`weights: ${layer} gives statistics that are not finite`);
      if (deviations > largest.deviations) largest = { layer, channel: c, deviations };
    }
    renewed.set(`${layer}.running_mean`, tensor("f32", [means.length], means));
    renewed.set(`${layer}.running_var`, tensor("f32", [variances.length], variances));
  }
  return { tensors: renewed, largestMeanChange: largest };
};

const add = (sums: Float64Array, values: ArrayLike<number> | undefined): void => {
  invariant(values?.length === sums.length, "a statistics program gives every mean and variance");
  for (let c = 0; c < sums.length; c++) sums[c]! += values[c]!;
};
