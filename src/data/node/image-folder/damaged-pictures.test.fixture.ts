// For tests: picture files damaged in the ways that disks, downloads and people do it, by seed; each named as a picture.
import { gzipSync } from "node:zlib";
import { type RandomStream, randomPurposes, randomStream } from "../../../base/philox.ts";
import { claimingPng, inEveryFormat, jpeg } from "../image-folder.test.fixture.ts";

/** A stretch of up to 200 bytes. */
const stretch = (bytes: Uint8Array, stream: RandomStream): readonly [from: number, end: number] => {
  const from = stream.below(bytes.length);
  return [from, Math.min(bytes.length, from + 1 + stream.below(200))];
};

/** What a header may claim of a side, of 16 bits. */
const claims = [0, 1, 39, 41, 255, 5000, 9999, 20_000, 65_535] as const;

/** Where formats keep width and height, as pairs of bytes, and whether the high byte comes first; null where they aren't found. */
const sizeFields = (bytes: Uint8Array): { readonly at: readonly [number, number]; readonly isBig: boolean } | null => {
  const text = Buffer.from(bytes).toString("latin1");
  if (text.startsWith("\u00ff\u00d8")) {
    const frame = text.search(/\u00ff[\u00c0-\u00c2]/); // baseline, extended, progressive
    return frame < 0 || frame + 9 > bytes.length ? null : { at: [frame + 5, frame + 7], isBig: true };
  }
  if (text.startsWith("\u0089PNG")) return { at: [18, 22], isBig: true };
  if (text.startsWith("GIF8")) return { at: [6, 8], isBig: false };
  if (text.startsWith("RIFF")) return { at: [26, 28], isBig: false };
  return null;
};

export type Damage = (whole: Uint8Array, stream: RandomStream) => Uint8Array;

export const damages: Readonly<Record<string, Damage>> = {
  flipped: (whole, stream) => {
    const bytes = Uint8Array.from(whole);
    for (let flips = 1 + stream.below(6); flips > 0; flips--)
      bytes[stream.below(bytes.length)]! ^= 1 << stream.below(8);
    return bytes;
  },
  garbled: (whole, stream) => {
    const bytes = Uint8Array.from(whole);
    for (let changes = 1 + stream.below(6); changes > 0; changes--)
      bytes[stream.below(bytes.length)]! ^= 1 + stream.below(255);
    return bytes;
  },
  filled: (whole, stream) => Uint8Array.from(whole).fill(stream.below(256), ...stretch(whole, stream)),
  "with a hole": (whole, stream) => {
    const [from, end] = stretch(whole, stream);
    return Buffer.concat([whole.subarray(0, from), whole.subarray(end)]);
  },
  "cut off": (whole, stream) => whole.subarray(0, stream.below(whole.length)),
  "zeros at its end": (whole, stream) => Uint8Array.from(whole).fill(0, stream.below(whole.length)),
  "lying of its size": (whole, stream) => {
    const bytes = Buffer.from(whole);
    const fields = sizeFields(bytes);
    if (fields === null) return bytes.subarray(0, bytes.length >> 1);
    for (const at of fields.at) {
      if (stream.below(4) === 0) continue;
      const claim = claims[stream.below(claims.length)] ?? 0;
      if (fields.isBig) bytes.writeUInt16BE(claim, at);
      else bytes.writeUInt16LE(claim, at);
    }
    return bytes;
  },
  "with more behind it": (whole, stream) => Buffer.concat([whole, whole.subarray(stream.below(whole.length))]),
};

/** What is no picture at all, though it is called one. */
const strangers = async (): Promise<readonly Uint8Array[]> => [
  new Uint8Array(0),
  Buffer.from("<html>404</html>"),
  Buffer.from("\u00ff\u00d8\u00ff", "latin1"),
  gzipSync("an archive"),
  Buffer.concat([Buffer.from("PK\u0003\u0004", "latin1"), new Uint8Array(60)]),
  Buffer.concat([Buffer.from("cats/1.jpg"), new Uint8Array(1014)]), // a tar archive's first blocks, but for its magic
  await claimingPng(20_000, 20_000),
  await claimingPng(9999, 9999),
  await claimingPng(0, 5),
];

const extensions = ["jpg", "jpeg", "png", "webp", "gif"] as const;

/** `count` files by their paths in the class folders a and b; an eighth of them have another format's extension. */
export const damagedPictures = async (count: number): Promise<Record<string, Uint8Array>> => {
  const wholes = Object.entries({ ...(await inEveryFormat()), "middling.jpg": await jpeg(200, 150, 11) });
  const others = await strangers();
  const kinds = Object.entries(damages);
  const files: Record<string, Uint8Array> = {};
  for (let seed = 0; seed < count; seed++) {
    const folder = seed % 2 === 0 ? "a" : "b";
    const renamed = extensions[seed % extensions.length];
    if (seed % 25 === 24) {
      files[`${folder}/${seed}-stranger.${renamed}`] = others[Math.floor(seed / 25) % others.length]!;
      continue;
    }
    const [name, whole] = wholes[seed % wholes.length]!;
    const [, damage] = kinds[Math.floor(seed / wholes.length) % kinds.length]!;
    const bytes = damage(whole, randomStream(seed, randomPurposes.synthetic, whole.length));
    files[`${folder}/${seed}-${name}${seed % 8 === 7 ? `.${renamed}` : ""}`] = bytes;
  }
  return files;
};
