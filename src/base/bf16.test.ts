import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { bf16Bits, bf16BitsToF32Bits, f32BitsToBf16Bits, roundToBf16 } from "./bf16.ts";

const f32 = new Float32Array(1);
const u32 = new Uint32Array(f32.buffer);
const write = (value: number): number => {
  f32[0] = value;
  return f32BitsToBf16Bits(u32[0]!);
};

describe("bf16BitsToF32Bits(bits)", () => {
  test("is the upper half, subnormals and NaN included", () => {
    expect(bf16BitsToF32Bits(0x3f80)).toBe(0x3f800000);
    expect(bf16BitsToF32Bits(0x8001)).toBe(0x80010000);
    expect(bf16BitsToF32Bits(0xffc1)).toBe(0xffc10000);
  });
});

describe("f32BitsToBf16Bits(bits)", () => {
  test("gives back every bf16", () => {
    for (let bits = 0; bits < 0x10000; bits++) {
      if (f32BitsToBf16Bits(bf16BitsToF32Bits(bits)) !== bits)
        expect(f32BitsToBf16Bits(bf16BitsToF32Bits(bits))).toBe(bits);
    }
  });

  test("rounds to nearest, ties to even, subnormals as well", () => {
    for (const upper of [0x3f80, 0x3f81, 0xc2ff, 0x0000, 0x0001, 0x007f, 0x8000]) {
      const base = bf16BitsToF32Bits(upper);
      expect(f32BitsToBf16Bits(base + 0x7fff)).toBe(upper);
      expect(f32BitsToBf16Bits(base + 0x8000)).toBe(upper + (upper % 2));
      expect(f32BitsToBf16Bits(base + 0x8001)).toBe(upper + 1);
    }
  });

  test("overflows to infinity half a step beyond the largest", () => {
    expect(f32BitsToBf16Bits(0x7f7f7fff)).toBe(0x7f7f);
    expect(f32BitsToBf16Bits(0x7f7f8000)).toBe(0x7f80);
    expect([write(3.4028234663852886e38), write(-3.4028234663852886e38)]).toEqual([0x7f80, 0xff80]);
    expect([write(Infinity), write(-Infinity)]).toEqual([0x7f80, 0xff80]);
  });

  test("keeps NaN a NaN, whichever bits make it one", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 0x7fffff }), fc.boolean(), (fraction, negative) => {
        const half = f32BitsToBf16Bits(((negative ? 0xff800000 : 0x7f800000) | fraction) >>> 0);
        expect(half & 0x7f80).toBe(0x7f80);
        expect(half & 0x7f).not.toBe(0);
        expect(half >>> 15).toBe(negative ? 1 : 0);
      }),
    );
    expect(f32BitsToBf16Bits(0x7fffffff)).toBe(0x7fff);
  });
});

describe("roundToBf16(value)", () => {
  test("rounds once: a number just beside a tie is not rounded to the even side by way of f32", () => {
    const tie = 1 + 2 ** -8; // halfway between 1 and 1 + 2⁻⁷
    expect(roundToBf16(tie)).toBe(1);
    expect(roundToBf16(tie + 2 ** -40)).toBe(1 + 2 ** -7);
    expect(roundToBf16(-(tie + 2 ** -40))).toBe(-(1 + 2 ** -7));
    const upperTie = 1 + 3 * 2 ** -8;
    expect(roundToBf16(upperTie)).toBe(1 + 2 ** -6);
    expect(roundToBf16(upperTie - 2 ** -40)).toBe(1 + 2 ** -7);
  });

  test("gives the nearest of all bf16 numbers, for any f64", () => {
    fc.assert(
      fc.property(fc.double({ min: -3e38, max: 3e38, noNaN: true }), (value) => {
        const rounded = roundToBf16(value);
        const bits = bf16Bits(value);
        for (const other of [bits - 1, bits + 1]) {
          u32[0] = bf16BitsToF32Bits(other & 0xffff);
          if (Number.isFinite(f32[0]!))
            expect(Math.abs(rounded - value)).toBeLessThanOrEqual(Math.abs(f32[0]! - value));
        }
      }),
    );
  });

  test("keeps zeros, infinities and NaN", () => {
    expect(roundToBf16(-0)).toBe(-0);
    expect(roundToBf16(Number.POSITIVE_INFINITY)).toBe(Number.POSITIVE_INFINITY);
    expect(roundToBf16(3.4e38)).toBe(Number.POSITIVE_INFINITY);
    expect(roundToBf16(Number.NaN)).toBeNaN();
  });
});
