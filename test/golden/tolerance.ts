// How far a result may lie from PyTorch's f64 value. Three kinds of bound, each derived, none fitted to what our
// engines give.
//
// 1. Sums of products (convolution, dense, average; single operations). Whatever the order of summation,
//      |Δ| ≤ γ_K · Σ|a||b|,   γ_K = K·u / (1 − K·u)        (Higham 2002, section 3.1)
//    with K the length of the sum and u the unit roundoff of the engine's dtype. The fixture holds K and Σ|a||b|. One
//    more term is granted for storing the result.
//
// 2. Whole networks, and operations that divide or take roots. A forward error passes through some 2·depth layers,
//    each of which adds a relative error of about u·√K (roundings of a sum of K terms walk at random) and amplifies
//    what comes in by its condition: batch norm over few elements and ReLUs decide that, and no formula in u, K and
//    depth is sharp. So the condition is measured, by PyTorch itself: e = ‖f32 − f64‖ / ‖f64‖ of each tensor, the
//    largest of three runs that compute the same with other roundings. Any backward-stable engine commits errors of
//    the same size at the same places, which the same network amplifies alike; hence
//      ‖Δ‖ ≤ safety · (u / u₃₂) · max(e, 2·u₃₂) · ‖t‖ = E                    (errors are linear in u while no ReLU flips)
//    `safety` is 8, three bits. It is a judgement, made before our engines were compared: PyTorch's own three runs
//    differ by factors of 2 to 7 from one another. Winograd convolutions are expected to lose a decimal digit more and
//    get a safety of their own. The other figures follow from E with no further assumption:
//      | ‖a‖ − ‖t‖ | ≤ E   (triangle inequality),   |Σa − Σt| ≤ √n · E   (Cauchy–Schwarz)
//    and an element may be off by safety · (u / u₃₂) times the largest error of any of PyTorch's f32 elements.
//    tolerance.test.ts checks that every e obeys the a-priori law: e ≤ κ · u₃₂ · √(2·ΣK), the random walk through all
//    layers.
//
// 3. The mean cross-entropy of N images has a gradient by the logits of norm √2/√N at most, so |Δloss| ≤ √(2/N) ·
//    E(logits).
//
// ReLUs and maxima are where linearity ends: an input nearer to 0 than the error may fall on either side, and changes
// gradients by 1e-3. The seeds of the goldens exclude this for the first step (for resnet20, all ten). In later steps
// of the other networks a flip may come at any step, in one implementation and not in another; it moves logits in
// proportion to the learning rate. PyTorch's three runs flip as well, so their largest error over *all* later steps,
// and over all parameters' changes, is the measure there.
import { type FloatDType, unitRoundoff } from "../../src/base/dtype.ts";
import type { Digest } from "./fixtures.ts";

export const defaultSafety = 8;
/** Where convolutions may be Winograd's: an expectation, since none has been seen on the goldens' small images so far. */
export const winogradSafety = 10 * defaultSafety;
/** Fixtures hold 11 significant digits: a recorded number is off by half a unit of the last at most. */
export const recordedDigits = 0.5e-10;

export interface Tolerance {
  readonly dtype: FloatDType;
  readonly safety: number;
}

/** Of each figure of a digest, how far it may be off. */
export interface DigestBounds {
  readonly norm: number;
  readonly sum: number;
  /** Of one element, apart from what `relative` grants. */
  readonly element: number;
}

/** K·u / (1 − K·u). */
const gamma = (length: number, u: number): number => (length * u) / (1 - length * u);

/** The bound on ‖Δ‖ of kind 2. `f32Error` replaces the tensor's own, where a larger one is the measure. */
export const normBound = (digest: Digest, { dtype, safety }: Tolerance, f32Error = digest.f32Error): number =>
  safety * unitRoundoff[dtype] * Math.max(f32Error / unitRoundoff.f32, 2) * digest.norm;

export const digestBounds = (digest: Digest, tolerance: Tolerance, f32Error = digest.f32Error): DigestBounds => {
  const count = digest.shape.reduce((product, size) => product * size, 1);
  const u = unitRoundoff[tolerance.dtype];
  if (digest.reduction) {
    const { length, absoluteNorm, absoluteMax } = digest.reduction;
    const factor = gamma(length + 1, u);
    return {
      norm: factor * absoluteNorm,
      sum: factor * absoluteNorm * Math.sqrt(count),
      element: factor * absoluteMax,
    };
  }
  const norm = normBound(digest, tolerance, f32Error);
  // Where a larger error stands in for the tensor's own, its elements' errors are larger in proportion.
  const widened = digest.f32Error > 0 ? Math.max(1, f32Error / digest.f32Error) : 1;
  // A root-mean-square element, and one rounding of it each way: the floor where f32 happened to be exact.
  const floor = (2 * digest.norm) / Math.sqrt(count);
  const element = tolerance.safety * u * Math.max((widened * digest.f32MaxError) / unitRoundoff.f32, floor);
  return { norm, sum: norm * Math.sqrt(count), element };
};

/** |Δloss| for a batch of logits: kind 3, and a few roundings of the mean itself. */
export const lossBound = (loss: number, logits: Digest, tolerance: Tolerance, f32Error = logits.f32Error): number => {
  const [batch = 1] = logits.shape;
  const ownRoundings = tolerance.safety * unitRoundoff[tolerance.dtype] * Math.abs(loss);
  return Math.sqrt(2 / batch) * normBound(logits, tolerance, f32Error) + ownRoundings;
};
