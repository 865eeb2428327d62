// One checksum for all images of a folder, by which a resumed training knows them again.
import { createHash } from "node:crypto";
import type { FolderImage } from "./open-image-folder.ts";

/**
 * SHA-256 over the images in the order of their names: each name, size, and the SHA-256 of its contents; of folders too large to be
 * read as a whole (over 1 GiB), the SHA-256 of its first and last 64 KiB instead, so there a change in the middle of a file that
 * leaves its size is not noticed. A copy of a folder has the same checksum; files that are not used have no part in it.
 */
export const checksumOfFiles = (images: readonly FolderImage[]): string => {
  const hash = createHash("sha256");
  const sorted = [...images].sort((a, b) => (a.file < b.file ? -1 : 1));
  for (const { file, probed } of sorted) {
    const { bytes, probe } = probed;
    if (probe.kind === "picture") hash.update(`${JSON.stringify(file)} ${bytes} ${probe.identity}\n`);
  }
  return hash.digest("hex");
};
