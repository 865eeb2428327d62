// How channels of a value that becomes bytes are best scaled against one another. Bytes have one scale for all channels, so small ones are
// told coarsely; scaled up they are told finely, but then the columns of the filters that read them become small, and are told coarsely.
import { byteLevels } from "../../base/dtype.ts";
import { elementCount } from "../../base/shape.ts";
import type { HostTensor } from "../../base/tensor.ts";

/** What was met of a value's channels. */
export interface ChannelCounts {
  /** Elements, zeros included, of each channel. */
  readonly elements: number;
  /** Values above 0, rising: the middles of bins. */
  readonly values: Float64Array;
  /** [C, bins]. */
  readonly counts: Float64Array;
  /** [C]. */
  readonly variances: Float64Array;
}

/** Filters [O, C, U, V] that read the value, and what the square of their rounding's error counts for beside that of activations' rounding. */
export interface ReadingFilters {
  readonly weight: HostTensor;
  readonly noise: number;
}

export interface ChannelBalance {
  /** By what each channel is multiplied, [C]. */
  readonly scales: Float64Array;
  /** The largest value that bytes are to tell of what they become. */
  readonly range: number;
  /** The squared error expected of all readers' sums, at their best with all channels as they are, and so scaled. */
  readonly errors: readonly [asIs: number, scaled: number];
}

/** Powers of 2^¼, from ¹⁄₁₆ to 64. */
const scalesTried = Array.from({ length: 41 }, (_, i) => 2 ** ((i - 16) / 4));
const unscaled = scalesTried.indexOf(1);
/** Ranges tried for all channels alike, as parts of the largest value. */
const rangesTried = Array.from({ length: 49 }, (_, i) => 2 ** (-i / 8));

/** Of filters [O, C, U, V]: the largest weight of each filter and channel, [O, C], and the sum of squares of each channel's, [C]. */
const columnsOf = ({ shape, data }: HostTensor) => {
  const [filters = 0, channels = 0] = shape;
  const area = elementCount(shape.slice(2));
  const largest = new Float64Array(filters * channels);
  const squares = new Float64Array(channels);
  for (let column = 0, i = 0; column < filters * channels; column++) {
    for (const end = i + area; i < end; i++) {
      largest[column] = Math.max(largest[column]!, Math.abs(data[i]!));
      squares[column % channels]! += data[i]! ** 2;
    }
  }
  return { filters, channels, area, largest, squares };
};

/**
 * The scales s and the range R for which the error of the readers' sums is expected to be least: of rounding and cutting off activations,
 *
 *   Σ_c |w_c|² · E[(bytes of s_c·x_c − s_c·x_c)²] / s_c²,   |w_c|² the sum of squares of all weights that channel c is multiplied by
 *
 * and of rounding weights, Σ_c s_c² · Var[x_c] · δ,   δ = noise · Σ_o U·V · (max_c |w_oc| / s_c / 127)² / 12   (their means are the
 * biases' business). Given δ, each channel's best scale is found on its own; δ is tried from a two-thousandth to two thousand times what it was. null
 * where nothing is above 0.
 */
export const balanceChannels = (met: ChannelCounts, readers: readonly ReadingFilters[]): ChannelBalance | null => {
  const { values, counts, variances, elements } = met;
  const [bins, C] = [values.length, variances.length];
  const columns = readers.map(({ weight, noise }) => ({ ...columnsOf(weight), noise }));
  const squares = variances.map((_, c) => columns.reduce((sum, each) => sum + each.squares[c]!, 0));
  const last = values.findLastIndex((_, bin) => variances.some((_, c) => counts[c * bins + bin]! > 0));
  if (last === -1) return null;
  const filled = Array.from(variances, (_, c) => [...values.keys()].filter((bin) => counts[c * bins + bin]! > 0));

  /** δ */
  const weightNoise = (scales: Float64Array): number => {
    const inverses = scales.map((scale) => 1 / scale);
    let sum = 0;
    for (const { filters, area, largest, noise } of columns) {
      for (let o = 0; o < filters; o++) {
        let most = 0;
        for (let c = 0; c < C; c++) {
          const weight = largest[o * C + c]! * inverses[c]!;
          if (weight > most) most = weight;
        }
        sum += (noise * area * (most / byteLevels.i8[1]) ** 2) / 12;
      }
    }
    return sum;
  };
  const activationError = (c: number, scale: number, range: number): number => {
    const uniform = (range / byteLevels.u8[1]) ** 2 / 12;
    let error = 0;
    for (const bin of filled[c]!) {
      const count = counts[c * bins + bin]!;
      const value = values[bin]! * scale;
      error += count * (value > range ? (value - range) ** 2 : Math.min(uniform, value * value));
    }
    return (squares[c]! * error) / (scale * scale) / elements;
  };
  const sumOver = (of: (c: number) => number): number => variances.reduce((sum, _, c) => sum + of(c), 0);

  const plain = new Float64Array(C).fill(1);
  const before = weightNoise(plain);
  let [range, least] = [0, Number.POSITIVE_INFINITY];
  for (const part of rangesTried) {
    const tried = part * values[last]!;
    const error = sumOver((c) => activationError(c, 1, tried));
    if (error < least) [range, least] = [tried, error];
  }
  const asIs = least + before * sumOver((c) => variances[c]!);
  const table = Array.from(variances, (_, c) => scalesTried.map((scale) => activationError(c, scale, range)));
  const bestChoice = (c: number, delta: number): number => {
    if (!(squares[c]! > 0 && variances[c]! > 0)) return unscaled;
    let [best, error] = [unscaled, Number.POSITIVE_INFINITY];
    for (const [i, scale] of scalesTried.entries()) {
      const each = table[c]![i]! + scale * scale * variances[c]! * delta;
      if (each < error) [best, error] = [i, each];
    }
    return best;
  };
  let found: ChannelBalance = { scales: plain, range, errors: [asIs, asIs] };
  for (let power = -11; power <= 11; power += 0.5) {
    const choices = Array.from(variances, (_, c) => bestChoice(c, before * 2 ** power));
    const scales = Float64Array.from(choices, (i) => scalesTried[i]!);
    const delta = weightNoise(scales);
    const error = sumOver((c) => table[c]![choices[c]!]! + scales[c]! ** 2 * variances[c]! * delta);
    if (error < found.errors[1]) found = { scales, range, errors: [asIs, error] };
  }
  return found;
};
