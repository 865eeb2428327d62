// Holds what an engine made of a network's case against the golden, group by group.
import { type Comparison, compareNumber, compareTensor, compareTensors } from "./compare.ts";
import type { NetworkGolden } from "./fixtures.ts";
import type { NetworkRun } from "./run-network.ts";
import { lossBound, type Tolerance } from "./tolerance.ts";

export type NetworkComparisons = Readonly<
  Record<"evaluation" | "firstStep" | "gradients" | "running" | "path" | "changes", readonly Comparison[]>
>;

/**
 * The run may have fewer steps than the golden: then the path is compared as far as it goes, and `changes`, which belong to
 * the last step, are left out (an empty list).
 */
export const compareNetwork = (run: NetworkRun, golden: NetworkGolden, tolerance: Tolerance): NetworkComparisons => {
  const { samples } = golden;
  const errors = golden.path.map(({ logits }) => logits.f32Error);
  // Of steps 1 and later: a ReLU may flip at any of them (see tolerance.ts). The first has its own error.
  const laterError = Math.max(...errors);
  const steps = run.path.map(({ loss, logits }, step) => {
    const expected = golden.path[step];
    if (!expected) throw new Error(`the golden has no step ${step}`);
    const error = step === 0 ? expected.logits.f32Error : laterError;
    return [
      compareNumber(
        `path.${step}.loss`,
        loss,
        expected.loss,
        lossBound(expected.loss, expected.logits, tolerance, error),
      ),
      ...compareTensor(`path.${step}.logits`, logits, expected.logits, samples.logits, tolerance, error),
    ];
  });
  const changeError = Math.max(...Object.values(golden.changes).map(({ f32Error }) => f32Error));
  const complete = run.path.length === golden.path.length;
  const evaluation = golden.evaluationLogits;
  return {
    evaluation: compareTensor("evaluationLogits", run.evaluationLogits, evaluation, samples.logits, tolerance),
    firstStep: steps[0] ?? [],
    gradients: compareTensors("gradient", run.gradients, golden.gradients, samples.gradient, tolerance),
    running: compareTensors("running", run.running, golden.running, samples.running, tolerance),
    path: steps.slice(1).flat(),
    changes: complete
      ? compareTensors("change", run.changes, golden.changes, samples.change, tolerance, changeError)
      : [],
  };
};
