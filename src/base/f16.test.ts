import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { f16BitsToF32Bits, f32BitsToF16Bits } from "./f16.ts";

const f32 = new Float32Array(1);
const u32 = new Uint32Array(f32.buffer);
const bitsOf = (value: number): number => {
  f32[0] = value;
  return u32[0]!;
};
const numberOf = (bits: number): number => {
  u32[0] = bits;
  return f32[0]!;
};
const read = (bits: number): number => numberOf(f16BitsToF32Bits(bits));
const write = (value: number): number => f32BitsToF16Bits(bitsOf(value));

describe("f16BitsToF32Bits(bits)", () => {
  test("follows the definition for every finite number: (−1)^s · 2^(e − 15) · (1 + f / 1024), or · 2⁻¹⁴ · f / 1024", () => {
    for (let bits = 0; bits < 0x10000; bits++) {
      const [exponent, fraction] = [(bits >> 10) & 31, bits & 1023];
      if (exponent === 31) continue;
      const magnitude = exponent === 0 ? fraction * 2 ** -24 : (1 + fraction / 1024) * 2 ** (exponent - 15);
      if (!Object.is(read(bits), bits >> 15 ? -magnitude : magnitude)) expect(read(bits), `${bits}`).toBe(magnitude);
    }
  });

  test("keeps infinities, the sign of zero, and the payload of NaN", () => {
    expect(read(0x7c00)).toBe(Infinity);
    expect(read(0xfc00)).toBe(-Infinity);
    expect(read(0x8000)).toBe(-0);
    expect(f16BitsToF32Bits(0x7e01)).toBe(0x7fc02000);
    expect(f16BitsToF32Bits(0xfc01)).toBe(0xff802000); // signalling
  });
});

describe("f32BitsToF16Bits(bits)", () => {
  test("gives back every f16", () => {
    for (let bits = 0; bits < 0x10000; bits++) {
      if (f32BitsToF16Bits(f16BitsToF32Bits(bits)) !== bits)
        expect(f32BitsToF16Bits(f16BitsToF32Bits(bits))).toBe(bits);
    }
  });

  test("rounds to the nearest neighbour, ties to the even one, exactly half-way and one f32 to either side", () => {
    let wrong = 0;
    for (let bits = 0; bits < 0x7bff; bits++) {
      const half = bitsOf((read(bits) + read(bits + 1)) / 2); // an f32: one bit more
      if (f32BitsToF16Bits(half) !== bits + (bits % 2)) wrong++;
      if (f32BitsToF16Bits(half - 1) !== bits) wrong++;
      if (f32BitsToF16Bits(half + 1) !== bits + 1) wrong++;
    }
    expect(wrong).toBe(0);
  });

  test("is infinity from 65520 on, and zero up to 2⁻²⁵, with the sign", () => {
    expect(write(65519.99609375)).toBe(0x7bff);
    expect([write(65520), write(65536), write(3e38), write(-65520)]).toEqual([0x7c00, 0x7c00, 0x7c00, 0xfc00]);
    expect([write(2 ** -25), write(-(2 ** -25)), write(2 ** -149)]).toEqual([0, 0x8000, 0]);
    expect(write(2 ** -25 * (1 + 2 ** -23))).toBe(1);
    expect(write(2 ** -14 - 2 ** -26)).toBe(0x400); // rounds up from the subnormals to the smallest normal number
  });

  test("keeps NaN a NaN, whichever bits make it one", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 0x7fffff }), fc.boolean(), (fraction, negative) => {
        const half = f32BitsToF16Bits(((negative ? 0xff800000 : 0x7f800000) | fraction) >>> 0);
        expect(half & 0x7c00).toBe(0x7c00);
        expect(half & 0x3ff).not.toBe(0);
        expect(half >>> 15).toBe(negative ? 1 : 0);
      }),
    );
    expect(f32BitsToF16Bits(0x7f800001)).toBe(0x7e00);
  });
});
