// How large the activations of a value are, counted over many images: in bins as fine as bf16 numbers (128 between a number and twice
// it), so that nothing has to be known before, one pass does, and a bin is found by a shift.

/** The upper half of an f32, without its sign: 8 bits of exponent, 7 of the mantissa. */
const binCount = 2 ** 15;
const infinity = 0x7f80;

const bits = new Int32Array(1);
const asFloat = new Float32Array(bits.buffer);
/** The f32 number whose upper half is `bin`. */
const startOf = (bin: number): number => {
  bits[0] = bin << 16;
  return asFloat[0]!;
};

export class ActivationHistogram {
  readonly #counts = new Float64Array(binCount);

  /** Counts all elements by their absolute value. */
  add(elements: Float32Array): void {
    const counts = this.#counts;
    const words = new Int32Array(elements.buffer, elements.byteOffset, elements.length);
    for (let i = 0; i < words.length; i++) counts[(words[i]! >>> 16) & 0x7fff]!++;
  }

  /** The absolute values met, rising, each for its bin's: the middle, and how many; without zeros and what is not finite. */
  bins(): readonly (readonly [value: number, count: number])[] {
    const found: [number, number][] = [];
    for (let bin = 1; bin < infinity; bin++) {
      const count = this.#counts[bin]!;
      if (count > 0) found.push([(startOf(bin) + startOf(bin + 1)) / 2, count]);
    }
    return found;
  }

  /** The number at the end of the largest bin met; 0 where all are zero. */
  largest(): number {
    return this.endsDownTo(1)[0] ?? 0;
  }

  /** The ends of bins, empty ones included, from that of the largest bin met down to `share` of it. None where all elements are zero. */
  endsDownTo(share: number): readonly number[] {
    const last = this.#counts.findLastIndex((count, bin) => count > 0 && bin < infinity);
    const ends: number[] = [];
    for (let bin = last; bin > 0 && startOf(bin + 1) >= share * startOf(last + 1); bin--) ends.push(startOf(bin + 1));
    return ends;
  }

  /** Whether something counted was infinite or no number. */
  get hasNonFinite(): boolean {
    return this.#counts.subarray(infinity).some((count) => count > 0);
  }
}

/** Ranges below this part of the largest value are not tried: more than three fourths of the levels' resolution is never won by cutting. */
const smallestShare = 1 / 64;

/**
 * The range (largest absolute value that levels can tell) for which rounding to `levels` steps and cutting off what is beyond makes the
 * least squared error over a histogram: Σ min(step² / 12, value²) within, Σ (value − range)² beyond. (PyTorch's HistogramObserver and
 * Banner et al. 2019, Post training 4-bit quantization, minimise the same; Migacz 2017 the divergence of distributions.) Every bin's end is
 * tried, of bins between those met as well: where large values are few, the best range lies between two of them. 1 where all elements
 * are zero.
 */
export const leastErrorRange = (histogram: ActivationHistogram, levels: number): number => {
  const bins = histogram.bins();
  let best = { range: 1, error: Number.POSITIVE_INFINITY };
  for (const range of histogram.endsDownTo(smallestShare)) {
    const uniform = (range / levels) ** 2 / 12;
    let error = 0;
    for (const [value, count] of bins) {
      error += count * (value > range ? (value - range) ** 2 : Math.min(uniform, value * value));
    }
    if (error < best.error) best = { range, error };
  }
  return best.range;
};
