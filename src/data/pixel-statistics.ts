// Mean and deviation of each channel over a training split: what preprocessing subtracts and divides by.
import type { PixelReader } from "./reader.ts";

/** Of pixel / 255, so in 0 … 1, by channel. The deviation divides by n, not n − 1. */
export interface PixelStatistics {
  readonly mean: readonly number[];
  readonly deviation: readonly number[];
}

/** Mean and deviation of a channel with `histogram[v]` pixels of value v: exact in integers until the last division. */
export const histogramStatistics = (histogram: ArrayLike<number>): { mean: number; deviation: number } => {
  let count = 0n;
  let sum = 0n;
  let squares = 0n;
  for (let value = 0; value < histogram.length; value++) {
    const pixels = BigInt(histogram[value]!);
    count += pixels;
    sum += pixels * BigInt(value);
    squares += pixels * BigInt(value * value);
  }
  // n²·σ² = n·Σv² − (Σv)²: no cancellation, since the integers are exact.
  const spread = count * squares - sum * sum;
  return {
    mean: Number(sum) / (255 * Number(count)),
    deviation: Math.sqrt(Number(spread)) / (255 * Number(count)),
  };
};

/** Reads every image once. All images need the same number of channels. */
export const pixelStatistics = (reader: PixelReader): PixelStatistics => {
  const histograms: Float64Array[] = [];
  for (let image = 0; image < reader.labels.length; image++) {
    const { bytes, offset, shape } = reader.pixels(image);
    const [channels, height, width] = shape;
    while (histograms.length < channels) histograms.push(new Float64Array(256));
    for (let c = 0; c < channels; c++) {
      const histogram = histograms[c]!;
      const start = offset + c * height * width;
      for (let i = start; i < start + height * width; i++) histogram[bytes[i]!]! += 1;
    }
  }
  const channels = histograms.map(histogramStatistics);
  return { mean: channels.map(({ mean }) => mean), deviation: channels.map(({ deviation }) => deviation) };
};
