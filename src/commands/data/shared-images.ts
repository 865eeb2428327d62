// Images in memory that lie in train and in a held-out split as well, byte for byte. Of files, opening the data looks for them (see
// folder-notices.ts); of both, `residual data inspect`.
import type { DataSet } from "../../data/data-set.ts";
import { imagesSharedSentence } from "../../data/node/image-folder/folder-notices.ts";
import type { ImageSource } from "../../data/source.ts";

/** FNV-1a (Fowler, Noll, Vo), 32 bits. */
const hashOf = (bytes: Uint8Array, from: number, end: number): number => {
  let hash = 0x811c9dc5;
  for (let i = from; i < end; i++) hash = Math.imul(hash ^ bytes[i]!, 0x01000193);
  return hash;
};

/** Pairs of a held-out image and the training image of the same bytes. 70,000 images of 28×28 take a tenth of a second. */
export const sharedImages = (
  train: ImageSource<"memory">,
  held: ImageSource<"memory">,
): readonly (readonly [held: number, train: number])[] => {
  const size = train.shape.reduce((product, length) => product * length, 1);
  if (held.shape.some((length, axis) => length !== train.shape[axis])) return [];
  const byHash = new Map<number, number[]>();
  for (let image = 0; image < held.labels.length; image++) {
    const hash = hashOf(held.pixels, image * size, (image + 1) * size);
    const others = byHash.get(hash);
    if (others === undefined) byHash.set(hash, [image]);
    else others.push(image);
  }
  const isSame = (a: number, b: number): boolean =>
    Buffer.from(held.pixels.buffer, held.pixels.byteOffset + a * size, size).equals(
      train.pixels.subarray(b * size, (b + 1) * size),
    );
  const twins = new Map<number, number>();
  for (let image = 0; image < train.labels.length; image++) {
    const candidates = byHash.get(hashOf(train.pixels, image * size, (image + 1) * size)) ?? [];
    for (const candidate of candidates) {
      if (!twins.has(candidate) && isSame(candidate, image)) twins.set(candidate, image);
    }
  }
  return [...twins].sort(([a], [b]) => a - b);
};

/** One sentence for each held-out split of which images are trained on as well. */
export const sharedImagesSentences = ({ train, test, validation }: DataSet): readonly string[] => {
  if (train.kind !== "memory") return [];
  const splits = { test, validation } as const;
  return (["test", "validation"] as const).flatMap((split) => {
    const held = splits[split];
    if (held === null || held.kind !== "memory") return [];
    const pairs = sharedImages(train, held).map(([a, b]) => `${split} image ${a} = training image ${b}`);
    return pairs.length === 0 ? [] : [imagesSharedSentence(split, pairs)];
  });
};
