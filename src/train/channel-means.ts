// The mean of each channel of activations, over many images.

export class ChannelMeans {
  readonly #sums: Float64Array;
  #count = 0;

  constructor(channels: number) {
    this.#sums = new Float64Array(channels);
  }

  /** Counts elements [n, channels, …]; a channel of an image has so many pixels. */
  add(elements: Float32Array, pixels: number): void {
    const channels = this.#sums.length;
    this.#count += elements.length / channels;
    for (let plane = 0, i = 0; i < elements.length; plane++) {
      let sum = 0;
      for (const end = i + pixels; i < end; i++) sum += elements[i]!;
      this.#sums[plane % channels]! += sum;
    }
  }

  /** [channels]. */
  means(): Float64Array {
    return this.#sums.map((sum) => sum / this.#count);
  }
}
