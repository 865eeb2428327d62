import { describe, expect, test } from "vitest";
import { tensor } from "../base/tensor.ts";
import { calibrationOf } from "./calibration.ts";

/** Logits of two classes whose softmax is (p, 1 − p). */
const logitsOf = (...probabilities: readonly number[]) =>
  tensor(
    "f64",
    [probabilities.length, 2],
    Float64Array.from(probabilities.flatMap((p) => [Math.log(p), Math.log(1 - p)])),
  );

describe("calibrationOf(logits, labels)", () => {
  test("is Guo's error by hand: two of five bins, gaps of 0.2 and 0.23", () => {
    // (0.6, 0.8]: 0.7, 0.7 with one right of two, a gap of 0.2; (0.8, 1]: 0.9 wrong and 0.9, 0.9 right, a gap of 0.9 − 2/3.
    const calibration = calibrationOf(logitsOf(0.7, 0.7, 0.9, 0.9, 0.9), Int32Array.of(0, 1, 1, 0, 0), 5);
    expect(calibration?.ece).toBeCloseTo((2 / 5) * 0.2 + (3 / 5) * (0.9 - 2 / 3), 14);
    expect(calibration?.mce).toBeCloseTo(0.9 - 2 / 3, 14);
    expect(calibration?.bins.map(({ images }) => images)).toEqual([0, 0, 0, 2, 3]);
    expect(calibration?.confidence).toBeCloseTo((1.4 + 2.7) / 5, 14);
    // Σ_c (p_c − y_c)² is 2·(1 − p)² where right, 2·p² where wrong.
    expect(calibration?.brier).toBeCloseTo((2 * (0.3 ** 2 + 0.7 ** 2 + 0.9 ** 2 + 0.1 ** 2 + 0.1 ** 2)) / 5, 14);
  });

  test("is what numpy.digitize gives for 15 bins, a thousand answers of five classes", () => {
    // tools/goldens/calibration.py: logits 4·sin(12.9898·(i + 1)), labels (7·n) mod 5.
    const logits = Float64Array.from({ length: 5000 }, (_, i) => 4 * Math.sin(12.9898 * (i + 1)));
    const labels = Int32Array.from({ length: 1000 }, (_, n) => (7 * n) % 5);
    const calibration = calibrationOf(tensor("f64", [1000, 5], logits), labels);
    expect(calibration?.bins).toHaveLength(15);
    // Sums of a thousand terms below 1 in f64, and sines of another library: 1e-12 is a thousand times their error.
    expect(Math.abs((calibration?.ece ?? 0) - 0.40348308378061204)).toBeLessThan(1e-12);
    expect(Math.abs((calibration?.mce ?? 0) - 0.60300372806727598)).toBeLessThan(1e-12);
    expect(Math.abs((calibration?.brier ?? 0) - 1.0734114609872176)).toBeLessThan(1e-12);
  });

  test("puts a border into the bin below it, and certainty into the last", () => {
    const logits = tensor("f64", [2, 2], Float64Array.of(0, 0, 1000, 0));
    const bins = calibrationOf(logits, Int32Array.of(0, 0), 2)?.bins;
    expect(bins?.map(({ images }) => images)).toEqual([1, 1]);
  });

  test("leaves out what has no answer; without any there is no calibration", () => {
    const logits = tensor("f64", [2, 2], Float64Array.of(Number.NaN, 0, 1000, 0));
    expect(calibrationOf(logits, Int32Array.of(0, 0))).toMatchObject({ n: 1, unanswered: 1, ece: 0 });
    expect(calibrationOf(tensor("f64", [1, 2], Float64Array.of(Number.NaN, 0)), Int32Array.of(0))).toBeNull();
  });
});
