// Resizes pictures of bytes as Pillow does, bit for bit: first along rows, then along columns, each pass rounded to bytes, with weights
// in 22 bits of fixed point. torchvision's and timm's networks were evaluated on pictures made in this way.
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
const filters: { readonly [I in Interpolation]: { readonly support: number; readonly at: (x: number) => number } } = {
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

interface Window {
  readonly first: number;
  /** In units of 2^−22; they sum to about 1. */
  readonly weights: readonly number[];
}

/** Which samples, and how much of each, make each of `to` samples from `from`. */
const windowsOf = (from: number, to: number, interpolation: Interpolation): readonly Window[] => {
  const { support, at } = filters[interpolation];
  const scale = from / to;
  const filterScale = Math.max(scale, 1);
  const reach = support * filterScale;
  return Array.from({ length: to }, (_, i) => {
    const centre = (i + 0.5) * scale;
    const first = Math.max(0, Math.trunc(centre - reach + 0.5));
    const end = Math.min(from, Math.trunc(centre + reach + 0.5));
    const raw = Array.from({ length: end - first }, (_unused, k) => at((k + first - centre + 0.5) * (1 / filterScale)));
    const sum = raw.reduce((total, weight) => total + weight, 0);
    const weights = raw.map((weight) => {
      const fixed = (sum === 0 ? weight : weight / sum) * 2 ** precision;
      return Math.trunc(fixed < 0 ? fixed - 0.5 : fixed + 0.5);
    });
    return { first, weights };
  });
};

/** Resamples an axis: `lines` runs of `from` samples, `step` apart, become runs of `windows.length`. */
const pass = (
  source: Uint8Array,
  windows: readonly Window[],
  { outer, from, inner }: { readonly outer: number; readonly from: number; readonly inner: number },
): Uint8Array => {
  const to = windows.length;
  const result = new Uint8Array(outer * to * inner);
  for (let o = 0; o < outer; o++) {
    for (let i = 0; i < to; i++) {
      const { first, weights } = windows[i]!;
      for (let c = 0; c < inner; c++) {
        let sum = 2 ** (precision - 1);
        let at = (o * from + first) * inner + c;
        for (const weight of weights) {
          sum += source[at]! * weight;
          at += inner;
        }
        result[(o * to + i) * inner + c] = Math.max(0, Math.min(255, sum >> precision));
      }
    }
  }
  return result;
};

/** The picture in another size. The same picture where the size is the same. */
export const resample = (picture: Picture, width: number, height: number, interpolation: Interpolation): Picture => {
  const { channels } = picture;
  let { bytes } = picture;
  if (width !== picture.width) {
    const axis = { outer: picture.height, from: picture.width, inner: channels };
    bytes = pass(bytes, windowsOf(picture.width, width, interpolation), axis);
  }
  if (height !== picture.height) {
    const axis = { outer: 1, from: picture.height, inner: width * channels };
    bytes = pass(bytes, windowsOf(picture.height, height, interpolation), axis);
  }
  return { width, height, channels, bytes };
};
