// Which images of a class are held out as test where a folder has no splits. Each image's own name decides, so that it stays on its
// side when others come and go: a network isn't tested on what it was trained on before photographs were added.
import { createHash } from "node:crypto";

/** The part of each class that is held out, in the mean. */
const heldOutFraction = 0.2;

/** Where a name lies in [0, 1): the first 32 bits of its SHA-256. Composed (NFC), as copying to another system may decompose names. */
const placeOf = (name: string): number =>
  createHash("sha256").update(name.normalize("NFC")).digest().readUInt32BE(0) * 2 ** -32;

/**
 * For each image of one class whether it is held out: where the hash of its path, the class first, lies in the lowest fifth of
 * all hashes. Two exceptions, in a class of at least two images: the highest hash is trained on even where it lies in the lowest
 * fifth, and the lowest is held out even where it doesn't. A class of one image is trained on. So of n images that were there before
 * and are there still, none changes sides unless none or all of them lie in the lowest fifth (probability 0.8ⁿ + 0.2ⁿ).
 */
export const heldOutByName = (names: readonly string[]): readonly boolean[] => {
  const places = names.map(placeOf);
  let [lowest, highest] = [0, 0];
  for (let i = 1; i < places.length; i++) {
    if (places[i]! < places[lowest]!) lowest = i;
    if (places[i]! >= places[highest]!) highest = i;
  }
  return places.map((place, i) => i !== highest && (i === lowest || place < heldOutFraction));
};
