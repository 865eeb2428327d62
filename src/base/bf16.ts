// bfloat16: the upper half of binary32. Bits <-> bits, so that the payload of a NaN survives.

/** The f32 bits of a bf16. Exact. */
export const bf16BitsToF32Bits = (bits: number): number => (bits << 16) >>> 0;

/** The bf16 bits nearest to an f32, ties to even; overflow is infinity. A NaN stays one, with the upper 7 bits of its payload. */
export const f32BitsToBf16Bits = (bits: number): number => {
  if ((bits & 0x7fffffff) > 0x7f800000) return (bits >>> 16) | ((bits & 0x7f0000) === 0 ? 0x40 : 0);
  // Adds just under half a step, and the lowest bit that stays: a tie rounds up only where that bit is odd.
  return ((bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16) & 0xffff;
};

const single = new Float32Array(1);
const singleBits = new Uint32Array(single.buffer);

/** The bits of the bf16 number nearest to a number. */
export const bf16Bits = (value: number): number => {
  single[0] = roundToBf16(value);
  return singleBits[0]! >>> 16;
};

/**
 * The bf16 number nearest to an f64, ties to even: rounded once. (By way of an f32 it would be rounded twice, which is wrong where the
 * first rounding makes a tie.)
 */
export const roundToBf16 = (value: number): number => {
  single[0] = value;
  const rounded = single[0];
  let bits = singleBits[0]!;
  if ((bits & 0xffff) === 0x8000 && rounded !== value) bits += Math.abs(rounded) < Math.abs(value) ? 1 : -1;
  singleBits[0] = bf16BitsToF32Bits(f32BitsToBf16Bits(bits));
  return single[0];
};
