import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { naturalOrder } from "./natural-order.ts";

describe("naturalOrder(a, b)", () => {
  test("counts as people do", () => {
    const sorted = ["", "1", "2", "02a", "10", "B", "a", "a1b2", "a1b10", "a02", "a2", "a10", "n0152", "ä"];
    expect([...sorted].reverse().sort(naturalOrder)).toEqual(sorted);
  });
  test("compares numbers of any length", () => {
    expect(naturalOrder("x99999999999999999998", "x99999999999999999999")).toBeLessThan(0);
    expect(naturalOrder(`x${"9".repeat(400)}`, `x1${"0".repeat(400)}`)).toBeLessThan(0);
  });
  test("is an order: antisymmetric and transitive, and 0 for equal names alone", () => {
    const name = fc.string({ unit: fc.constantFrom("0", "1", "9", "a", "b", "_"), maxLength: 5 });
    fc.assert(
      fc.property(name, name, name, (a, b, c) => {
        expect(Math.sign(naturalOrder(a, b))).toBe(-Math.sign(naturalOrder(b, a)) + 0);
        expect(naturalOrder(a, b) === 0).toBe(a === b);
        if (naturalOrder(a, b) < 0 && naturalOrder(b, c) < 0) expect(naturalOrder(a, c)).toBeLessThan(0);
      }),
      { numRuns: 1000 },
    );
  });
});
