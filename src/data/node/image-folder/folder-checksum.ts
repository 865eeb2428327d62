// One checksum for all images of a folder, by which a resumed training knows them again.
import { createHash } from "node:crypto";
import type { FolderImage } from "./open-image-folder.ts";

/**
 * SHA-256 over the images in the order of their names: each name, size, and the SHA-256 of its contents; of folders too large to be
 * read as a whole, the time of its last change instead. Files that are not used have no part in it.
 */
export const checksumOfFiles = (images: readonly FolderImage[], contentsWereRead: boolean): string => {
  const hash = createHash("sha256");
  const sorted = [...images].sort((a, b) => (a.file < b.file ? -1 : 1));
  for (const { file, probed } of sorted) {
    const { bytes, modifiedMs, probe } = probed;
    const content = contentsWereRead && probe.kind === "picture" ? probe.sha256 : String(modifiedMs);
    hash.update(`${JSON.stringify(file)} ${bytes} ${content}\n`);
  }
  return hash.digest("hex");
};
