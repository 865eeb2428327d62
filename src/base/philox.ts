// Counter-based random numbers: Philox 4×32-10 (Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3").
// The numbers are a function of (key, counter) alone, so any thread can make any of them, in any order, and get the same bits.

const M0 = 0xd2511f53;
const M1 = 0xcd9e8d57;
const W0 = 0x9e3779b9;
const W1 = 0xbb67ae85;

/** The high 32 bits of the 64-bit product of two unsigned 32-bit integers. */
const multiplyHigh = (a: number, b: number): number => {
  const aLow = a & 0xffff;
  const aHigh = a >>> 16;
  const bLow = b & 0xffff;
  const bHigh = b >>> 16;
  const low = aLow * bLow;
  const middle = aHigh * bLow + (low >>> 16);
  const middleLow = (middle & 0xffff) + aLow * bHigh;
  return (aHigh * bHigh + Math.floor(middle / 0x10000) + Math.floor(middleLow / 0x10000)) >>> 0;
};

/** Four unsigned 32-bit integers. */
export type Philox4 = readonly [number, number, number, number];

/** The block of four numbers that belongs to a 64-bit key and a 128-bit counter, ten rounds. */
export const philox4x32 = (key: readonly [number, number], counter: Philox4): Philox4 => {
  let [k0, k1] = [key[0] >>> 0, key[1] >>> 0];
  let [c0, c1, c2, c3] = [counter[0] >>> 0, counter[1] >>> 0, counter[2] >>> 0, counter[3] >>> 0];
  for (let round = 0; round < 10; round++) {
    const high0 = multiplyHigh(M0, c0);
    const low0 = Math.imul(M0, c0) >>> 0;
    const high1 = multiplyHigh(M1, c2);
    const low1 = Math.imul(M1, c2) >>> 0;
    c0 = (high1 ^ c1 ^ k0) >>> 0;
    c1 = low1;
    c2 = (high0 ^ c3 ^ k1) >>> 0;
    c3 = low0;
    k0 = (k0 + W0) >>> 0;
    k1 = (k1 + W1) >>> 0;
  }
  return [c0, c1, c2, c3];
};

/** A stream of random numbers that starts at counter (…, 0): everything about it is in its arguments. */
export interface RandomStream {
  /** An unsigned 32-bit integer. */
  uint32(): number;
  /** Uniform in [0, 1), a multiple of 2⁻³². */
  uniform(): number;
  /** Uniform among the integers 0 … bound − 1, without bias (numbers above the largest multiple are drawn again). */
  below(bound: number): number;
  /** Normal with mean 0 and deviation 1 (Box and Muller). */
  normal(): number;
}

/**
 * The stream of (seed, purpose, a, b). `purpose` keeps uses apart (initial values, sampling, augmentation, dropout …);
 * `a` and `b` say which image and epoch, tensor, or step. All are unsigned 32-bit integers.
 */
export const randomStream = (seed: number, purpose: number, a = 0, b = 0): RandomStream => {
  let block: Philox4 = [0, 0, 0, 0];
  let used = 4;
  let position = 0;
  let spare: number | null = null;
  const uint32 = (): number => {
    if (used === 4) {
      block = philox4x32([seed, purpose], [position++, 0, a, b]);
      used = 0;
    }
    return block[used++]!;
  };
  const uniform = (): number => uint32() * 2 ** -32;
  const below = (bound: number): number => {
    const limit = 2 ** 32 - (2 ** 32 % bound);
    let value = uint32();
    while (value >= limit) value = uint32();
    return value % bound;
  };
  const normal = (): number => {
    if (spare !== null) {
      const value = spare;
      spare = null;
      return value;
    }
    const radius = Math.sqrt(-2 * Math.log((uint32() + 1) * 2 ** -32)); // (0, 1]: never log 0
    const angle = 2 * Math.PI * uniform();
    spare = radius * Math.sin(angle);
    return radius * Math.cos(angle);
  };
  return { uint32, uniform, below, normal };
};

/** What a stream is for; a part of its key. Numbers are for ever: they decide the bytes of every past run. */
export const randomPurposes = {
  initialValues: 1,
  sampling: 2,
  augmentation: 3,
  dropout: 4,
  split: 5,
  synthetic: 6,
  crop: 7,
  replacement: 8,
  policy: 9,
  colourJitter: 10,
  lighting: 11,
  stochasticDepth: 16,
  mixing: 17,
} as const;

/** The numbers 0 … n − 1 in random order (Fisher and Yates). */
export const permutation = (n: number, stream: RandomStream): Int32Array => {
  const order = Int32Array.from({ length: n }, (_, i) => i);
  for (let i = n - 1; i > 0; i--) {
    const j = stream.below(i + 1);
    const value = order[i]!;
    order[i] = order[j]!;
    order[j] = value;
  }
  return order;
};
