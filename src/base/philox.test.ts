import { describe, expect, test } from "vitest";
import { permutation, philox4x32, randomPurposes, randomStream } from "./philox.ts";

describe("philox4x32(key, counter)", () => {
  // Known-answer tests of the authors' library, Random123 (kat_vectors, philox4x32-10).
  test.each([
    [
      [0, 0],
      [0, 0, 0, 0],
      [0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8],
    ],
    [
      [0xffffffff, 0xffffffff],
      [0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff],
      [0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd],
    ],
    [
      [0xa4093822, 0x299f31d0],
      [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344],
      [0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1],
    ],
  ] as const)("returns the published block for key %j", (key, counter, expected) => {
    expect(philox4x32(key, counter)).toEqual(expected);
  });
});

describe("randomStream(seed, purpose, a, b)", () => {
  test("is a function of its arguments alone", () => {
    const draw = (b: number) => Array.from({ length: 9 }, randomStream(7, randomPurposes.sampling, 3, b).uint32);
    expect(draw(4)).toEqual(draw(4));
    expect(draw(4)).not.toEqual(draw(5));
  });

  test("normal() has mean 0 and deviation 1 within five standard errors", () => {
    const n = 20_000;
    const { normal } = randomStream(1, randomPurposes.initialValues);
    let sum = 0;
    let squares = 0;
    for (let i = 0; i < n; i++) {
      const value = normal();
      sum += value;
      squares += value * value;
    }
    expect(Math.abs(sum / n)).toBeLessThan(5 / Math.sqrt(n));
    expect(Math.abs(squares / n - 1)).toBeLessThan((5 * Math.SQRT2) / Math.sqrt(n));
  });
});

describe("permutation(n, stream)", () => {
  test("holds every number once", () => {
    const order = permutation(1000, randomStream(5, randomPurposes.sampling));
    expect([...order].sort((a, b) => a - b)).toEqual(Array.from({ length: 1000 }, (_, i) => i));
  });
});
