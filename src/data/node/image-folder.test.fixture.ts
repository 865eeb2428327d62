// For tests: pictures made by sharp, and folders of them.
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import sharp from "sharp";
import { randomPurposes, randomStream } from "../../base/philox.ts";

/** A picture with some structure: waves of a colour that hangs on `seed`, with noise. [H, W, 3]. */
export const picture = (width: number, height: number, seed: number): Uint8Array => {
  const stream = randomStream(seed, randomPurposes.synthetic, width, height);
  const [fx, fy, tint] = [0.05 + 0.2 * stream.uniform(), 0.05 + 0.2 * stream.uniform(), stream.below(3)];
  const bytes = new Uint8Array(width * height * 3);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      for (let c = 0; c < 3; c++) {
        const wave = Math.sin(fx * x + c) + Math.cos(fy * y - c) + (c === tint ? 1 : 0);
        bytes[(y * width + x) * 3 + c] = Math.max(0, Math.min(255, 110 + 40 * wave + 10 * stream.uniform()));
      }
    }
  }
  return bytes;
};

const image = (width: number, height: number, seed: number) =>
  sharp(picture(width, height, seed), { raw: { width, height, channels: 3 } });

export const jpeg = (width: number, height: number, seed: number): Promise<Buffer> =>
  image(width, height, seed).jpeg({ quality: 85 }).toBuffer();

/** One picture in each format, with its extension. */
export const inEveryFormat = async (): Promise<Readonly<Record<string, Buffer>>> => ({
  "a.jpg": await jpeg(40, 30, 1),
  "b.png": await image(41, 30, 2).png().toBuffer(),
  "c.webp": await image(42, 30, 3).webp().toBuffer(),
  "d.gif": await image(43, 30, 4).gif().toBuffer(),
  "grey.jpeg": await image(44, 30, 5).greyscale().jpeg().toBuffer(),
  "cmyk.jpg": await image(45, 30, 6).toColourspace("cmyk").jpeg().toBuffer(),
  "deep.png": await image(46, 30, 7).toColourspace("rgb16").png().toBuffer(),
  "alpha.png": await image(47, 30, 8).ensureAlpha(0.5).png().toBuffer(),
  "turned.jpg": await image(48, 30, 9).jpeg().withMetadata({ orientation: 6 }).toBuffer(),
  "progressive.jpg": await image(49, 30, 10).jpeg({ progressive: true }).toBuffer(),
});

/** A PNG file that claims a size, and has no pixels. */
export const claimingPng = async (width: number, height: number): Promise<Buffer> => {
  const small = await sharp({ create: { width: 1, height: 1, channels: 3, background: "black" } })
    .png()
    .toBuffer();
  const header = Buffer.from(small.subarray(12, 29)); // "IHDR" and its 13 bytes
  header.writeUInt32BE(width, 4);
  header.writeUInt32BE(height, 8);
  const checked = Buffer.from(small);
  header.copy(checked, 12);
  checked.writeUInt32BE(crc32(header), 29);
  return checked;
};

/** The checksum of PNG's chunks (its specification, annex D). */
const crc32 = (bytes: Uint8Array): number => {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return ~crc >>> 0;
};

/** Writes files by their paths within the folder; makes folders as needed. */
export const writeFiles = async (
  folder: string,
  files: Readonly<Record<string, Uint8Array | string>>,
): Promise<string> => {
  for (const [path, bytes] of Object.entries(files)) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), bytes);
  }
  return folder;
};
