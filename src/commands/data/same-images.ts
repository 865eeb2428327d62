// Sorts groups of equal images by what they mean: double within a class, contradicting labels, or a split that knows another.
import { type DigestTable, digestBytes, sameDigests } from "./duplicates.ts";
import type { Duplicates, NamedImage, SameImages } from "./inspect-document.ts";

/** Tables of all splits, and who an image of theirs is. */
export interface ImagesOfAll {
  /** One table for each split, in order. */
  readonly contents: readonly DigestTable[];
  readonly pixels: readonly DigestTable[];
  /** Image `image` of the split with this number. */
  readonly nameOf: (split: number, image: number) => NamedImage;
}

const joined = (tables: readonly DigestTable[]): Uint8Array => {
  const all = new Uint8Array(tables.reduce((sum, { bytes }) => sum + bytes.length, 0));
  let at = 0;
  for (const { bytes } of tables) {
    all.set(bytes, at);
    at += bytes.length;
  }
  return all;
};

/** Groups may stand in two lists: an image that lies in two classes and two splits is both a contradiction and a leak. */
export const findDuplicates = ({ contents, pixels, nameOf }: ImagesOfAll): Duplicates => {
  const [stored, decoded] = [joined(contents), joined(pixels)];
  const starts = contents.map((_, split) =>
    contents.slice(0, split).reduce((sum, { bytes }) => sum + bytes.length / digestBytes, 0),
  );
  const named = (image: number): NamedImage => {
    const split = starts.findLastIndex((start) => start <= image);
    return nameOf(split, image - (starts[split] ?? 0));
  };
  const digestOf = (image: number): string =>
    Buffer.from(stored.subarray(image * digestBytes, (image + 1) * digestBytes)).toString("hex");
  const groups = sameDigests({ bytes: decoded }).map((images): SameImages => {
    const isSameFile = new Set(images.map(digestOf)).size === 1;
    return { same: isSameFile ? "bytes" : "pixels", images: images.map(named) };
  });
  const differ = (of: keyof NamedImage) => (group: SameImages) =>
    new Set(group.images.map((image) => image[of])).size > 1;
  const [inClasses, inSplits] = [differ("class"), differ("split")];
  return {
    withinClass: groups.filter((group) => !inClasses(group) && !inSplits(group)),
    acrossClasses: groups.filter(inClasses),
    betweenSplits: groups.filter(inSplits),
  };
};
