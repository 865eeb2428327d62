// How large the activations of each channel are, counted over many images: in eight bins between a number and twice it.
import type { ChannelCounts } from "../passes/quantize/balance-channels.ts";

/** 2⁻²⁴ to 2²⁴: the sums of a few hundred products of ordinary numbers. What is smaller is not seen as bytes, what is larger counts as 2²⁴. */
const [firstOctave, octaves] = [-24, 48];
/** Exponent and three bits of the mantissa of f32. */
const binShift = 20;
const firstBin = (127 + firstOctave) * 8;
const binCount = octaves * 8;

const values = Float64Array.from({ length: binCount }, (_, bin) => {
  const octave = 2 ** (firstOctave + Math.floor(bin / 8));
  return octave * (1 + ((bin % 8) + 0.5) / 8);
});

/** Of values that are never negative. */
export class ChannelHistograms {
  readonly #counts: Float64Array;
  readonly #sums: Float64Array;
  readonly #squares: Float64Array;
  #elements = 0;

  constructor(channels: number) {
    this.#counts = new Float64Array(channels * binCount);
    this.#sums = new Float64Array(channels);
    this.#squares = new Float64Array(channels);
  }

  /** Counts elements [n, channels, …]; a channel of an image has so many pixels. */
  add(elements: Float32Array, pixels: number): void {
    const channels = this.#sums.length;
    const words = new Int32Array(elements.buffer, elements.byteOffset, elements.length);
    this.#elements += elements.length / channels;
    for (let plane = 0, i = 0; i < elements.length; plane++) {
      const c = plane % channels;
      let [sum, squares] = [0, 0];
      for (const end = i + pixels; i < end; i++) {
        const element = elements[i]!;
        if (element <= 0) continue;
        sum += element;
        squares += element * element;
        const bin = (words[i]! >>> binShift) - firstBin;
        if (bin >= 0) this.#counts[c * binCount + Math.min(bin, binCount - 1)]!++;
      }
      this.#sums[c]! += sum;
      this.#squares[c]! += squares;
    }
  }

  counts(): ChannelCounts {
    const elements = this.#elements;
    const variances = this.#sums.map((sum, c) =>
      Math.max(0, this.#squares[c]! / elements - (sum / elements) * (sum / elements)),
    );
    return { elements, values, counts: this.#counts, variances };
  }
}
