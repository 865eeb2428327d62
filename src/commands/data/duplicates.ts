// Which images are the same, by digests of 16 bytes each: 20 bytes of memory an image, so that millions can be compared.

/** Bytes of a digest: of 2⁶⁴ images two different ones would share one by chance; nothing here guards against malice. */
export const digestBytes = 16;

/** Digests of the images of all splits, one after the other; all zeros where there is none. */
export interface DigestTable {
  readonly bytes: Uint8Array;
  set(image: number, digest: Uint8Array): void;
}

export const createDigestTable = (images: number): DigestTable => {
  const bytes = new Uint8Array(images * digestBytes);
  return { bytes, set: (image, digest) => bytes.set(digest.subarray(0, digestBytes), image * digestBytes) };
};

/** Digest a against digest b, byte by byte. */
const compare = (bytes: Uint8Array, a: number, b: number): number => {
  const [i, j] = [a * digestBytes, b * digestBytes];
  for (let k = 0; k < digestBytes; k++) {
    const difference = bytes[i + k]! - bytes[j + k]!;
    if (difference !== 0) return difference;
  }
  return 0;
};

const isThere = (bytes: Uint8Array, image: number): boolean => {
  for (let k = image * digestBytes; k < (image + 1) * digestBytes; k++) if (bytes[k] !== 0) return true;
  return false;
};

/** Groups of two and more images with one digest: each in ascending order, the groups by their first image. */
export const sameDigests = ({ bytes }: Pick<DigestTable, "bytes">): readonly (readonly number[])[] => {
  const images = Uint32Array.from({ length: bytes.length / digestBytes }, (_, image) => image);
  const known = images.filter((image) => isThere(bytes, image));
  known.sort((a, b) => compare(bytes, a, b) || a - b);
  const groups: number[][] = [];
  for (let first = 0; first < known.length; ) {
    let end = first + 1;
    while (end < known.length && compare(bytes, known[first]!, known[end]!) === 0) end++;
    if (end - first > 1) groups.push([...known.subarray(first, end)]);
    first = end;
  }
  return groups.sort(([a = 0], [b = 0]) => a - b);
};
