// Operations that blend a picture with a degenerate one of it (black, its mean, its grey, its smoothed self): Pillow's ImageEnhance, bit
// for bit. blend(d, v) = ⌊d + α·(v − d)⌋ in f32, cut off at 0 and 255: α is rounded to f32 first, product and sum to f32 each.
import { mapLevels } from "./level-operations.ts";
import type { Picture } from "./resample.ts";

const f32 = Math.fround;

/** α · difference for each difference of two bytes, at difference + 255. */
const productsOf = (factor: number): Float32Array => {
  const alpha = f32(factor);
  return Float32Array.from({ length: 511 }, (_, i) => alpha * (i - 255));
};

/** A blend with a picture of one level. */
const blendWithLevel = (picture: Picture, level: number, factor: number): Picture => {
  const products = productsOf(factor);
  // Uint8ClampedArray would round: the blend is cut off at its fraction.
  const table = Uint8ClampedArray.from({ length: 256 }, (_, v) => Math.floor(f32(level + products[v - level + 255]!)));
  return mapLevels(picture, [new Uint8Array(table.buffer)]);
};

export const brightness = (picture: Picture, factor: number): Picture => blendWithLevel(picture, 0, factor);

/** Red's, green's and blue's share in the grey of ITU-R 601, in 2^−16: Pillow's convert("L"). */
const [redShare, greenShare, blueShare] = [19595, 38470, 7471];

/** The grey of each pixel. */
const greyOf = ({ channels, bytes }: Picture): Uint8Array => {
  if (channels !== 3) return bytes;
  const grey = new Uint8Array(bytes.length / 3);
  for (let i = 0; i < grey.length; i++) {
    const at = 3 * i;
    grey[i] = (bytes[at]! * redShare + bytes[at + 1]! * greenShare + bytes[at + 2]! * blueShare + 0x8000) >> 16;
  }
  return grey;
};

export const contrast = (picture: Picture, factor: number): Picture => {
  const grey = greyOf(picture);
  let sum = 0;
  for (let i = 0; i < grey.length; i++) sum += grey[i]!;
  return blendWithLevel(picture, Math.floor(sum / grey.length + 0.5), factor);
};

/** A blend with a picture whose sample behind sample i is degenerate(i). */
const blendWith = (picture: Picture, degenerate: Uint8Array, perPixel: 1 | 3, factor: number): Picture => {
  const { bytes } = picture;
  const products = productsOf(factor);
  const blended = new Uint8ClampedArray(bytes.length);
  for (let i = 0, j = 0; i < bytes.length; j++) {
    const level = degenerate[j]!;
    for (const end = i + perPixel; i < end; i++) {
      blended[i] = Math.floor(f32(level + products[bytes[i]! - level + 255]!));
    }
  }
  return { ...picture, bytes: new Uint8Array(blended.buffer) };
};

/** A grey picture is its own grey and stays. */
export const saturation = (picture: Picture, factor: number): Picture =>
  picture.channels === 3 ? blendWith(picture, greyOf(picture), 3, factor) : picture;

/** Sums of 3 × 3 samples, the middle one five times, over 13, rounded; samples at the edges stay (Pillow's ImageFilter.SMOOTH). */
const smoothed = ({ width, height, channels, bytes }: Picture): Uint8Array => {
  const result = bytes.slice();
  const row = width * channels;
  for (let y = 1; y < height - 1; y++) {
    for (let i = y * row + channels; i < (y + 1) * row - channels; i++) {
      let sum = 5 * bytes[i]!;
      sum += bytes[i - row - channels]! + bytes[i - row]! + bytes[i - row + channels]!;
      sum += bytes[i - channels]! + bytes[i + channels]!;
      sum += bytes[i + row - channels]! + bytes[i + row]! + bytes[i + row + channels]!;
      // ⌊sum / 13 + 1/2⌋. A whole number is at least 1/26 away from what is rounded, so Pillow's f32 gives the same.
      result[i] = Math.floor((2 * sum + 13) / 26);
    }
  }
  return result;
};

export const sharpness = (picture: Picture, factor: number): Picture =>
  blendWith(picture, smoothed(picture), 1, factor);
