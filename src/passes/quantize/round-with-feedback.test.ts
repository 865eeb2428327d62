import { describe, expect, test } from "vitest";
import { randomPurposes, randomStream } from "../../base/philox.ts";
import { errorFeedback, roundWithFeedback } from "./round-with-feedback.ts";

const K = 5;
const { normal, uniform } = randomStream(3, randomPurposes.synthetic);

/** Elements of a window that vary together, as neighbouring pixels do: each is half the one before it. */
const covariance = ((): Float64Array => {
  const windows = Array.from({ length: 50 }, () => {
    const window: number[] = [];
    for (let k = 0; k < K; k++) window.push(normal() + (window[k - 1] ?? 0));
    return window;
  });
  return Float64Array.from({ length: K * K }, (_, at) => {
    const [i, j] = [Math.floor(at / K), at % K];
    return windows.reduce((sum, window) => sum + (window[i] ?? 0) * (window[j] ?? 0), 0) / windows.length;
  });
})();
const feedback = errorFeedback(covariance);
if (feedback === null) throw new Error("something varies");

const errorOf = (levels: ArrayLike<number>, weights: Float64Array): number => {
  const error = weights.map((weight, k) => (levels[k] ?? 0) - weight);
  return covariance.reduce((sum, each, at) => sum + each * (error[Math.floor(at / K)] ?? 0) * (error[at % K] ?? 0), 0);
};
const filters = Array.from({ length: 40 }, () => Float64Array.from({ length: K }, () => 100 * (2 * uniform() - 1)));

describe("roundWithFeedback(weights, feedback)", () => {
  test("makes less error on images than nearest levels do, and not much more than the best of all near levels", () => {
    const sums = { nearest: 0, turned: 0, best: 0 };
    for (const weights of filters) {
      let best = Number.POSITIVE_INFINITY;
      // Every level within 2 of each weight: 4⁵ filters.
      for (let choice = 0; choice < 4 ** K; choice++) {
        const levels = weights.map((weight, k) => Math.floor(weight) - 1 + (Math.floor(choice / 4 ** k) % 4));
        best = Math.min(best, errorOf(levels, weights));
      }
      sums.best += best;
      sums.nearest += errorOf(weights.map(Math.round), weights);
      sums.turned += errorOf(roundWithFeedback(weights, feedback), weights);
    }
    expect(sums.turned).toBeLessThan(sums.nearest / 2);
    expect(sums.turned).toBeLessThan(1.5 * sums.best);
  });

  test("keeps levels that weights are already, and ends at 127 to both sides", () => {
    expect([...roundWithFeedback(Float64Array.of(3, -127, 0, 127, 64), feedback)]).toEqual([3, -127, 0, 127, 64]);
    const cut = roundWithFeedback(Float64Array.of(200, -200, 200, -200, 200), feedback);
    for (const level of cut) expect(Math.abs(level)).toBeLessThanOrEqual(127);
  });

  test("rounds to the nearest level where elements vary on their own", () => {
    const alone = errorFeedback(Float64Array.from({ length: K * K }, (_, at) => (at % (K + 1) === 0 ? 1 + at : 0)));
    for (const weights of filters) {
      expect([...roundWithFeedback(weights, alone ?? feedback)]).toEqual([...Int8Array.from(weights, Math.round)]);
    }
  });
});

test("errorFeedback(covariance) is none where nothing varies, or what varies is not finite", () => {
  expect(errorFeedback(new Float64Array(K * K))).toBeNull();
  expect(errorFeedback(new Float64Array(K * K).fill(Number.NaN))).toBeNull();
});
