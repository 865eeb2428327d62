// Resizes pictures of bytes as Pillow does, bit for bit: first along rows, then along columns, each pass rounded to bytes, with weights
// in 22 bits of fixed point. torchvision's and timm's networks were evaluated on pictures made in this way. Only what is kept of the
// result is computed.
import type { Region } from "./picture-region.ts";
import type { Interpolation } from "./preprocessing.ts";

/** A decoded picture, as decoders give it: sample (y, x, c) is `bytes[(y·width + x)·channels + c]`, 0 … 255. */
export interface Picture {
  readonly width: number;
  readonly height: number;
  readonly channels: number;
  readonly bytes: Uint8Array;
}

const sinc = (x: number): number => (x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x));

/** Each filter and where it ends; bicubic has Keys' a = −0.5. */
const filters: {
  readonly [I in Exclude<Interpolation, "nearest">]: { readonly support: number; readonly at: (x: number) => number };
} = {
  bilinear: { support: 1, at: (x) => Math.max(0, 1 - Math.abs(x)) },
  bicubic: {
    support: 2,
    at: (signed) => {
      const x = Math.abs(signed);
      if (x < 1) return (1.5 * x - 2.5) * x * x + 1;
      return x < 2 ? ((-0.5 * x + 2.5) * x - 4) * x + 2 : 0;
    },
  },
  lanczos: { support: 3, at: (x) => (x >= -3 && x < 3 ? sinc(x) * sinc(x / 3) : 0) },
};

/** Bits behind the point: 32, less 8 of a byte and 2 that a filter's overshoot takes. */
const precision = 22;
const half = 2 ** (precision - 1);

/** One axis of a region, in samples: a part (its ends may lie within samples) is resized, and some of the result is kept. */
interface Axis {
  /** Of the part; the first sample that it touches, and how much of that lies before it. */
  readonly start: number;
  readonly offset: number;
  readonly length: number;
  /** Samples from `start` on that may be used. */
  readonly limit: number;
  readonly resized: number;
  readonly keptFirst: number;
  readonly keptCount: number;
}

const axisOf = (
  samples: number,
  part: { readonly from: number; readonly length: number },
  resized: number,
  kept: { readonly from: number; readonly length: number },
): Axis => {
  const start = Math.floor(part.from);
  const limit = Math.min(samples, Math.ceil(part.from + part.length)) - start;
  const { from: keptFirst, length: keptCount } = kept;
  return { start, offset: part.from - start, length: part.length, limit, resized, keptFirst, keptCount };
};

/** Which samples make each of the kept ones: `counts[i]` from `firsts[i]` (counted from the axis' start) on. */
interface Windows {
  readonly firsts: Int32Array;
  readonly counts: Int32Array;
  /** Of sample i: `weights[i·stride …]`, in units of 2^−22; they sum to about 1. */
  readonly weights: Int32Array;
  readonly stride: number;
}

/** One sample each. Pillow adds the step up, and so is its rounding. */
const nearestWindows = ({ offset, length, limit, resized, keptFirst, keptCount }: Axis): Windows => {
  const scale = length / resized;
  const firsts = new Int32Array(keptCount);
  let at = offset + scale * 0.5;
  for (let i = 0; i < keptFirst + keptCount; i++) {
    if (i >= keptFirst) firsts[i - keptFirst] = Math.min(limit - 1, Math.trunc(at));
    at += scale;
  }
  const whole = 2 ** precision;
  return {
    firsts,
    counts: new Int32Array(keptCount).fill(1),
    weights: new Int32Array(keptCount).fill(whole),
    stride: 1,
  };
};

const windowsOf = (axis: Axis, filter: Interpolation): Windows => {
  if (filter === "nearest") return nearestWindows(axis);
  const { offset, length, limit, resized, keptFirst, keptCount } = axis;
  const { support, at } = filters[filter];
  const scale = length / resized;
  const filterScale = Math.max(scale, 1);
  const reach = support * filterScale;
  const stride = Math.ceil(reach) * 2 + 1;
  const firsts = new Int32Array(keptCount);
  const counts = new Int32Array(keptCount);
  const weights = new Int32Array(keptCount * stride);
  const raw = new Float64Array(stride);
  for (let i = 0; i < keptCount; i++) {
    const centre = offset + (i + keptFirst + 0.5) * scale;
    const first = Math.max(0, Math.trunc(centre - reach + 0.5));
    const count = Math.min(limit, Math.trunc(centre + reach + 0.5)) - first;
    let sum = 0;
    for (let k = 0; k < count; k++) {
      raw[k] = at((k + first - centre + 0.5) * (1 / filterScale));
      sum += raw[k]!;
    }
    for (let k = 0; k < count; k++) {
      const fixed = (sum === 0 ? raw[k]! : raw[k]! / sum) * 2 ** precision;
      weights[i * stride + k] = Math.trunc(fixed < 0 ? fixed - 0.5 : fixed + 0.5);
    }
    firsts[i] = first;
    counts[i] = count;
  }
  return { firsts, counts, weights, stride };
};

/** Along rows: `rows` rows of the picture from `top` on become rows of the kept samples. */
const resampleRows = (
  { width, channels, bytes }: Picture,
  top: number,
  rows: number,
  { start, keptCount }: Axis,
  { firsts, counts, weights, stride }: Windows,
): Uint8ClampedArray => {
  const result = new Uint8ClampedArray(rows * keptCount * channels);
  let to = 0;
  for (let y = 0; y < rows; y++) {
    const row = ((top + y) * width + start) * channels;
    for (let i = 0; i < keptCount; i++) {
      const from = i * stride;
      const end = from + counts[i]!;
      const first = row + firsts[i]! * channels;
      if (channels === 3) {
        let [red, green, blue] = [half, half, half];
        let at = first;
        for (let k = from; k < end; k++) {
          const weight = weights[k]!;
          red = (red + Math.imul(bytes[at]!, weight)) | 0;
          green = (green + Math.imul(bytes[at + 1]!, weight)) | 0;
          blue = (blue + Math.imul(bytes[at + 2]!, weight)) | 0;
          at += 3;
        }
        result[to++] = red >> precision;
        result[to++] = green >> precision;
        result[to++] = blue >> precision;
        continue;
      }
      for (let c = 0; c < channels; c++) {
        let sum = half;
        let at = first + c;
        for (let k = from; k < end; k++) {
          sum = (sum + Math.imul(bytes[at]!, weights[k]!)) | 0;
          at += channels;
        }
        result[to++] = sum >> precision;
      }
    }
  }
  return result;
};

/** Along columns: rows of `samples` samples, of which the first is row `top` of the axis' part, become the kept rows. */
const resampleColumns = (
  source: Uint8ClampedArray,
  samples: number,
  top: number,
  { keptCount }: Axis,
  { firsts, counts, weights, stride }: Windows,
): Uint8ClampedArray => {
  const result = new Uint8ClampedArray(keptCount * samples);
  const sums = new Int32Array(samples);
  for (let y = 0; y < keptCount; y++) {
    const [from, count] = [y * stride, counts[y]!];
    const to = y * samples;
    /** Where row k of the window begins, and its weight; beyond the window any row, of no weight. */
    const rowAt = (k: number): number => (firsts[y]! + Math.min(k, count - 1) - top) * samples;
    const weightAt = (k: number): number => (k < count ? weights[from + k]! : 0);
    // Four rows of the window in one pass, for few windows have more.
    for (let k = 0; k < count; k += 4) {
      const [a, b, c, d] = [rowAt(k), rowAt(k + 1), rowAt(k + 2), rowAt(k + 3)];
      const [ofA, ofB, ofC, ofD] = [weightAt(k), weightAt(k + 1), weightAt(k + 2), weightAt(k + 3)];
      const isLast = k + 4 >= count;
      if (k === 0) sums.fill(half);
      for (let i = 0; i < samples; i++) {
        const upper = (Math.imul(source[a + i]!, ofA) + Math.imul(source[b + i]!, ofB)) | 0;
        const lower = (Math.imul(source[c + i]!, ofC) + Math.imul(source[d + i]!, ofD)) | 0;
        const sum = (((sums[i]! + upper) | 0) + lower) | 0;
        if (isLast) result[to + i] = sum >> precision;
        else sums[i] = sum;
      }
    }
  }
  return result;
};

/** What a region keeps of a picture. Its part lies within the picture, what is kept within the resized part. */
export const resampleRegion = (picture: Picture, { part, resized, kept, interpolation }: Region): Picture => {
  const { channels } = picture;
  const columns = axisOf(picture.width, { from: part.left, length: part.width }, resized.width, {
    from: kept.left,
    length: kept.width,
  });
  const rows = axisOf(picture.height, { from: part.top, length: part.height }, resized.height, {
    from: kept.top,
    length: kept.height,
  });
  const [across, down] = [windowsOf(columns, interpolation), windowsOf(rows, interpolation)];
  const last = kept.height - 1;
  const top = down.firsts[0]!;
  const needed = down.firsts[last]! + down.counts[last]! - top;
  const narrow = resampleRows(picture, rows.start + top, needed, columns, across);
  const bytes = resampleColumns(narrow, kept.width * channels, top, rows, down);
  return { width: kept.width, height: kept.height, channels, bytes: new Uint8Array(bytes.buffer) };
};

/** The picture in another size. The same picture where the size is the same. */
export const resample = (picture: Picture, width: number, height: number, interpolation: Interpolation): Picture => {
  if (width === picture.width && height === picture.height) return picture;
  const part = { left: 0, top: 0, width: picture.width, height: picture.height };
  const kept = { left: 0, top: 0, width, height };
  return resampleRegion(picture, { part, resized: { width, height }, kept, interpolation });
};
