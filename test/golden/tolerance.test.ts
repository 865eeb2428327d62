import { describe, expect, test } from "vitest";
import { unitRoundoff } from "../../src/base/dtype.ts";
import { elementCount } from "../../src/base/shape.ts";
import { tensor } from "../../src/base/tensor.ts";
import { compareTensor, worstOf } from "./compare.ts";
import { type Digest, networkNames, readFixture } from "./fixtures.ts";
import { digestBounds } from "./tolerance.ts";

const values = Float64Array.from({ length: 400 }, (_, i) => Math.sin(i + 1));
const digest: Digest = {
  shape: [4, 100],
  norm: Math.hypot(...values),
  sum: values.reduce((sum, value) => sum + value, 0),
  f32Error: 1e-6,
  f32MaxError: 3e-6,
  samples: [...values],
};
const tolerance = { dtype: "f32", safety: 8 } as const;
const worstShare = (changed: Float64Array): number =>
  worstOf(compareTensor("t", tensor("f64", [4, 100], changed), digest, 400, tolerance)).share;

describe("compareTensor(name, actual, digest, samples, tolerance)", () => {
  test("uses next to nothing of the bounds when all is equal", () => {
    expect(worstShare(values)).toBeLessThan(1e-9); // norm and sum were added up in another order
  });

  test("allows eight times PyTorch's own error, of the norm and of an element, and no more", () => {
    expect(worstShare(values.map((value) => value * (1 + 7.9e-6)))).toBeLessThan(1);
    expect(worstShare(values.map((value) => value * (1 + 8.1e-6)))).toBeGreaterThan(1);
    expect(worstShare(values.map((value, i) => (i === 7 ? value + 23e-6 : value)))).toBeLessThan(1);
    expect(worstShare(values.map((value, i) => (i === 7 ? value + 25e-6 : value)))).toBeGreaterThan(1);
  });

  test("fails on one element that is not a number", () => {
    expect(worstShare(values.map((value, i) => (i === 0 ? Number.NaN : value)))).toBe(Infinity);
  });

  test("fails on two exchanged rows, whose norm and sum are right", () => {
    const exchanged = Float64Array.from([...values.slice(100, 200), ...values.slice(0, 100), ...values.slice(200)]);
    expect(worstShare(exchanged)).toBeGreaterThan(1000);
  });

  test("refuses another shape", () => {
    const other = tensor("f64", [400], values);
    expect(() => compareTensor("t", other, digest, 400, tolerance)).toThrow("t is [400] but PyTorch's is [4, 100]");
  });
});

test("digestBounds(digest, tolerance) is Higham's bound where the golden has the sum of absolute products", () => {
  const u = unitRoundoff.f64;
  const reduction = { length: 99, absoluteNorm: 10, absoluteMax: 2 };
  const bounds = digestBounds({ ...digest, reduction }, { dtype: "f64", safety: 8 });
  expect(bounds.norm).toBeCloseTo(1000 * u, 25);
  expect(bounds.element).toBeCloseTo(200 * u, 25);
  expect(bounds.sum).toBeCloseTo(20 * 1000 * u, 25);
});

describe("PyTorch's own f32 error obeys the a-priori law e ≤ κ·u·√(2·ΣK) with κ = 2, for", () => {
  test.each(networkNames)("the logits and every gradient of %s", (name) => {
    const { gradients, path, evaluationLogits } = readFixture(name);
    // K of a convolution or dense layer is the number of inputs of one filter; forward and backward make it twice.
    const lengths = Object.values(gradients).flatMap(({ shape }) =>
      shape.length >= 2 ? [elementCount(shape.slice(1))] : [],
    );
    const bound = 2 * unitRoundoff.f32 * Math.sqrt(2 * lengths.reduce((sum, length) => sum + length, 0));
    const logits = path[0]?.logits;
    for (const { f32Error } of [...Object.values(gradients), evaluationLogits, ...(logits ? [logits] : [])]) {
      expect(f32Error).toBeLessThanOrEqual(bound);
    }
  });
});
