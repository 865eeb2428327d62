// Operations that map each sample of a picture by its level alone, through tables of 256 bytes: Pillow's ImageOps, bit for bit.
import type { Picture } from "./resample.ts";

/** Each sample through the table of its channel. A single table serves all channels. */
export const mapLevels = (picture: Picture, tables: readonly Uint8Array[]): Picture => {
  const { bytes } = picture;
  const mapped = new Uint8Array(bytes.length);
  const step = tables.length;
  for (let c = 0; c < step; c++) {
    const table = tables[c]!;
    for (let i = c; i < bytes.length; i += step) mapped[i] = table[bytes[i]!]!;
  }
  return { ...picture, bytes: mapped };
};

const tableOf = (map: (level: number) => number): Uint8Array =>
  Uint8Array.from({ length: 256 }, (_, level) => map(level));

export const invert = (picture: Picture): Picture => mapLevels(picture, [tableOf((level) => 255 - level)]);

export const posterize = (picture: Picture, bits: number): Picture => {
  const mask = ~(2 ** (8 - bits) - 1);
  return mapLevels(picture, [tableOf((level) => level & mask)]);
};

export const solarize = (picture: Picture, threshold: number): Picture =>
  mapLevels(picture, [tableOf((level) => (level < threshold ? level : 255 - level))]);

export const solarizeAdd = (picture: Picture, amount: number): Picture =>
  mapLevels(picture, [tableOf((level) => (level < 128 ? Math.min(255, level + amount) : level))]);

const histograms = ({ channels, bytes }: Picture): readonly Int32Array[] => {
  const counts = Array.from({ length: channels }, () => new Int32Array(256));
  for (let c = 0; c < channels; c++) {
    const count = counts[c]!;
    for (let i = c; i < bytes.length; i += channels) count[bytes[i]!]! += 1;
  }
  return counts;
};

/** The darkest level becomes 0, the lightest 255. */
const stretched = (histogram: Int32Array): Uint8Array => {
  const low = histogram.findIndex((count) => count > 0);
  const high = histogram.findLastIndex((count) => count > 0);
  if (high <= low) return tableOf((level) => level);
  const scale = 255 / (high - low);
  const offset = -low * scale;
  return tableOf((level) => Math.min(255, Math.max(0, Math.trunc(level * scale + offset))));
};

export const autocontrast = (picture: Picture): Picture => mapLevels(picture, histograms(picture).map(stretched));

/** Levels spread so that each range of them has about as many pixels; Pillow's integers. */
const levelled = (histogram: Int32Array): Uint8Array => {
  const present = histogram.filter((count) => count > 0);
  const pixels = present.reduce((sum, count) => sum + count, 0);
  const step = present.length <= 1 ? 0 : Math.floor((pixels - present.at(-1)!) / 255);
  if (step === 0) return tableOf((level) => level);
  let below = Math.floor(step / 2);
  return tableOf((level) => {
    const mapped = Math.min(255, Math.floor(below / step));
    below += histogram[level]!;
    return mapped;
  });
};

export const equalize = (picture: Picture): Picture => mapLevels(picture, histograms(picture).map(levelled));
