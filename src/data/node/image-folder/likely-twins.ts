// In folders too large to be read as a whole, files of one size whose ends are the same are most likely the same: those alone are read, to
// be sure.
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { join } from "node:path";
import { mapConcurrently } from "../map-concurrently.ts";
import type { FolderImage } from "./open-image-folder.ts";

/** Files read together. */
const atOnce = 4;

/** SHA-256 of a file, hexadecimal; null where it can't be read (which shows again when it is decoded). */
const digestOf = async (path: string): Promise<string | null> => {
  const hash = createHash("sha256");
  try {
    for await (const part of createReadStream(path)) hash.update(part);
    return hash.digest("hex");
  } catch {
    return null;
  }
};

/** The same images, those that likely have a twin with the SHA-256 of their contents. */
export const digestLikelyTwins = async (
  folder: string,
  images: readonly FolderImage[],
  signal?: AbortSignal,
): Promise<readonly FolderImage[]> => {
  const keyOf = ({ probed: { bytes, probe } }: FolderImage): string | null =>
    probe.kind === "picture" && probe.sha256 === null ? `${bytes} ${probe.identity}` : null;
  const counts = new Map<string, number>();
  for (const image of images) {
    const key = keyOf(image);
    if (key !== null) counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  return mapConcurrently(images, atOnce, async (image) => {
    const { probed } = image;
    const key = keyOf(image);
    if (key === null || probed.probe.kind !== "picture" || (counts.get(key) ?? 0) < 2) return image;
    signal?.throwIfAborted();
    const sha256 = await digestOf(join(folder, image.file));
    return { ...image, probed: { ...probed, probe: { ...probed.probe, sha256 } } };
  });
};
