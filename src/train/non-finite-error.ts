// Training that has left the finite numbers: where, and what is still good.

/** Steps are counted from 1: step 1 is the first. */
export interface NonFinite {
  /** What is not finite: "the loss", or the name of a tensor. */
  readonly what: string;
  readonly value: number;
  /** Where it was noticed; nothing of this step has reached the weights if `what` is the loss. */
  readonly step: number;
  readonly epoch: number;
  /** The last step after which it was known to be finite; 0 for the initial values. */
  readonly lastFiniteStep: number;
  readonly learningRate: number;
  /** Steps before this one, in a row, that were skipped for it; none by default. */
  readonly skippedInARow?: number;
}

/** Training stopped because a number is NaN or infinite. No checkpoint is written any more: the last one is finite. */
export class NonFiniteError extends Error implements Omit<NonFinite, "skippedInARow"> {
  override readonly name = "NonFiniteError";
  readonly what: string;
  readonly value: number;
  readonly step: number;
  readonly epoch: number;
  readonly lastFiniteStep: number;
  readonly learningRate: number;

  constructor({ what, value, step, epoch, lastFiniteStep, learningRate, skippedInARow = 0 }: NonFinite) {
    const skipped = skippedInARow === 0 ? "" : `; ${skippedInARow} steps in a row were skipped before it`;
    super(
      `${what} is ${value} at step ${step} (epoch ${epoch}), and was last finite ${lastFiniteStep === 0 ? "before the first step" : `at step ${lastFiniteStep}`}${skipped}; ` +
        `training stopped, and the last checkpoint is kept; lower the learning rate (${learningRate} at this step) or lengthen the warm-up`,
    );
    this.what = what;
    this.value = value;
    this.step = step;
    this.epoch = epoch;
    this.lastFiniteStep = lastFiniteStep;
    this.learningRate = learningRate;
  }
}
