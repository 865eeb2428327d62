// Running statistics of batch norm: the update that training makes to the means and variances which evaluation uses.
import { fullTypes } from "../base/dtype.ts";
import type { GraphBuilder } from "../graph/builder.ts";
import type { ResNetSpec } from "../spec/spec.ts";
import type { BatchStatistics } from "./forward.ts";

/**
 * Adds the running statistics to a training graph as states, and their update to its part `update`, as PyTorch has it:
 *   running ← (1 − momentum) · running + momentum · batch
 * where the batch's variance is the unbiased one, variance · M / (M − 1) of M = N·H·W values (unless the spec says biased),
 * though the batch itself is normalised by the biased one. `statistics` are what buildForward returned. Leaves the builder at the part `update`.
 */
export const updateRunningStatistics = (
  builder: GraphBuilder,
  spec: ResNetSpec,
  statistics: readonly BatchStatistics[],
): void => {
  const { momentum, runningVariance } = spec.batchNorm;
  builder.part("update");
  for (const { layer, mean, variance, count } of statistics) {
    for (const [name, batch, correction] of [
      [`${layer}.running_mean`, mean, 1],
      [`${layer}.running_var`, variance, runningVariance === "unbiased" ? count / (count - 1) : 1],
    ] as const) {
      const running = builder.state(name, fullTypes[batch.dtype], batch.shape);
      const coefficients = { running: 1 - momentum, batch: momentum * correction };
      builder.update(running, builder.add("weightedSum", `${name}.next`, { running, batch }, { coefficients }).y);
    }
  }
};
