// Writes one image into a batch: crop, mirror, normalise and erase in one pass over its pixels, through a table of 256 floats
// a channel. The only loop over pixels of images that are neither cut nor transformed, and their whole cost.
import type { RandomStream } from "../base/philox.ts";
import type { DrawnAugmentation, Erasing, Rectangle } from "./augmentation.ts";
import type { Normalisation } from "./preprocessing.ts";
import type { Pixels } from "./reader.ts";

/**
 * out[outOffset + (c·H + y)·W + x] = tables[c][pixel] − centres[pixel's place], of pixel (c, y + shiftY, x′ + shiftX), x′ = W − 1 − x
 * when mirrored; 0 (the mean) where that pixel lies outside of the image.
 */
export const placeImage = (
  { bytes, offset, shape: [C, H, W] }: Pixels,
  { shiftY, shiftX, flip }: DrawnAugmentation,
  { tables, centres }: Normalisation,
  out: Float32Array,
  outOffset: number,
): void => {
  // Columns x′ in [first, end) come from inside of the image.
  const first = Math.max(0, -shiftX);
  const end = Math.min(W, W - shiftX);
  const partial = end - first < W;
  for (let c = 0; c < C; c++) {
    const table = tables[c]!;
    for (let y = 0; y < H; y++) {
      const row = outOffset + (c * H + y) * W; // out[c, y, 0]
      const inputY = y + shiftY;
      if (inputY < 0 || inputY >= H) {
        out.fill(0, row, row + W);
        continue;
      }
      if (partial) out.fill(0, row, row + W);
      const place = (c * H + inputY) * W + shiftX; // (c, inputY, shiftX)
      const input = offset + place;
      if (flip) {
        const last = row + W - 1;
        for (let x = first; x < end; x++) out[last - x] = table[bytes[input + x]!]!;
      } else {
        for (let x = first; x < end; x++) out[row + x] = table[bytes[input + x]!]!;
      }
      if (centres === null) continue;
      const [from, step] = flip ? [row + W - 1, -1] : [row, 1];
      for (let x = first; x < end; x++) out[from + step * x]! -= centres[place + x]!;
    }
  }
};

/** Overwrites a rectangle of all channels of the image [C, H, W] at `outOffset`. One draw gives four random pixels. */
export const eraseRectangle = (
  { top, left, height, width }: Rectangle,
  fill: Erasing["fill"],
  [C, H, W]: Pixels["shape"],
  { tables, centres }: Normalisation,
  stream: RandomStream,
  out: Float32Array,
  outOffset: number,
): void => {
  let random = 0;
  let left4 = 0;
  for (let c = 0; c < C; c++) {
    const table = tables[c]!;
    for (let y = top; y < top + height; y++) {
      const row = outOffset + (c * H + y) * W; // out[c, y, 0]
      for (let x = left; x < left + width; x++) {
        if (fill === "mean") {
          out[row + x] = 0;
          continue;
        }
        if (left4 === 0) {
          random = stream.uint32();
          left4 = 4;
        }
        out[row + x] = table[random & 0xff]! - (centres?.[row - outOffset + x] ?? 0);
        random >>>= 8;
        left4 -= 1;
      }
    }
  }
};
