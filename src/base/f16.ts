// IEEE 754 binary16 ("half"), bits <-> the bits of the same number in binary32. Working on bits keeps the payload of a NaN and the
// sign of zero, which arithmetic need not.
//   binary16: sign 1 · exponent 5, bias 15 · fraction 10        binary32: sign 1 · exponent 8, bias 127 · fraction 23

/** The f32 bits of an f16. Exact: every f16, subnormals and infinities included, is an f32. */
export const f16BitsToF32Bits = (bits: number): number => {
  const sign = (bits & 0x8000) << 16;
  const exponent = (bits >>> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0x1f) return (sign | 0x7f800000 | (fraction << 13)) >>> 0;
  if (exponent !== 0) return (sign | ((exponent + 112) << 23) | (fraction << 13)) >>> 0; // 112 = 127 − 15
  if (fraction === 0) return sign >>> 0;
  // Subnormal, fraction · 2⁻²⁴: its highest bit, the k-th, becomes the implicit one of 2^(k − 24).
  const k = 31 - Math.clz32(fraction);
  return (sign | ((k + 103) << 23) | ((fraction << (23 - k)) & 0x7fffff)) >>> 0;
};

/** Shifts right by 1 … 31 bits, rounding to nearest and ties to even. */
const shiftRounded = (bits: number, shift: number): number => {
  const kept = bits >>> shift;
  const rest = bits & (2 ** shift - 1);
  const half = 2 ** (shift - 1);
  return rest > half || (rest === half && (kept & 1) === 1) ? kept + 1 : kept;
};

/**
 * The f16 bits nearest to an f32, ties to even. From 65520 on (half a step beyond the largest f16, 65504) it is infinity, up to
 * 2⁻²⁵ (half the smallest subnormal) zero; both keep the sign. A NaN stays one, with the upper 10 bits of its payload.
 */
export const f32BitsToF16Bits = (bits: number): number => {
  const sign = (bits >>> 16) & 0x8000;
  const exponent = (bits >>> 23) & 0xff;
  const fraction = bits & 0x7fffff;
  if (exponent === 0xff) {
    if (fraction === 0) return sign | 0x7c00;
    return sign | 0x7c00 | (fraction >>> 13 || 0x200); // a payload in the lower bits alone must not become infinity
  }
  if (exponent >= 143) return sign | 0x7c00; // 2¹⁶ and more
  // A carry out of the fraction raises the exponent, which is right, up to infinity.
  if (exponent >= 113) return sign | (((exponent - 112) << 10) + shiftRounded(fraction, 13));
  if (exponent < 102) return sign; // below 2⁻²⁵
  return sign | shiftRounded(fraction | 0x800000, 126 - exponent); // in units of 2⁻²⁴
};
