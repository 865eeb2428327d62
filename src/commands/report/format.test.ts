import { describe, expect, test } from "vitest";
import { accuracyOf, meanLoss } from "../../evaluate/interval.ts";
import {
  formatDuration,
  formatInterval,
  formatLarge,
  formatNumber,
  formatPercent,
  formatProbability,
} from "./format.ts";

const spaced = (text: string) => text.replaceAll("\u00a0", " ");

describe("formats", () => {
  test("give fractions as percent", () => {
    expect(spaced(formatPercent(0.92054))).toBe("92.05 %");
    expect(formatPercent(Number.NaN)).toBe("not a number");
  });

  test("never round a probability to certainty", () => {
    expect([1, 0.99996, 0.9985, 0.0004, 0].map((p) => spaced(formatProbability(p)))).toEqual([
      "100.0 %",
      "> 99.9 %",
      "99.9 %",
      "< 0.1 %",
      "0.0 %",
    ]);
  });

  test("give durations in two units", () => {
    expect([45.21, 59.96, 200, 3599.7, 8000].map((s) => spaced(formatDuration(s)))).toEqual([
      "45.2 s",
      "1 min 0 s",
      "3 min 20 s",
      "1 h 0 min",
      "2 h 13 min",
    ]);
  });

  test("give counts whose last digits say nothing in k, M and G", () => {
    expect([999, 31_021_952, 4.1e9].map((n) => spaced(formatLarge(n)))).toEqual(["999", "31 M", "4.1 G"]);
  });

  test("give small numbers without an exponent", () => {
    expect(formatNumber(0.0000123)).toBe("0.0000123");
  });

  test("give intervals in the unit of the metric", () => {
    expect(spaced(formatInterval(accuracyOf(9205, 10_000)))).toBe("91.50 % … 92.56 %");
    expect(formatInterval(meanLoss([1, 2, 3, 4]))).toBe("1.2348 … 3.7652");
    expect(formatInterval(meanLoss([1]))).toBe("unknown");
  });
});
