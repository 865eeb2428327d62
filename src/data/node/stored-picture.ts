// Decodes a picture from bytes that were read before. How many there may be is known without the decoder.
import { FormatError } from "../../base/errors.ts";
import type { PictureReader, StoredPicture } from "../reader.ts";

/** Larger files are refused before they are read. */
export const largestFileBytes = 64 * 2 ** 20;

/** `name` is what errors call it. Throws FormatError for no bytes, and for too many. */
export const checkStoredLength = (name: string, length: number): void => {
  if (length === 0) throw new FormatError(name, "is empty: 0 bytes");
  if (length > largestFileBytes) {
    throw new FormatError(name, `has ${length} bytes; pictures of at most ${largestFileBytes} are read`);
  }
};

/** Reads the header. Throws FormatError for what is no picture, or has too many pixels. */
export const openStoredPicture = async (name: string, bytes: Uint8Array): Promise<StoredPicture> => {
  // Loaded when the first picture is: sources in memory have no use for the decoder.
  const { decodeOnOneThread, openPicture } = await import("./decode-picture.ts");
  decodeOnOneThread();
  return openPicture(name, bytes);
};

/** The reader of a source whose pictures' bytes `bytes` fetches. */
export const readStoredPictures = ({
  labels,
  nameOf,
  bytes,
}: Pick<PictureReader, "labels" | "nameOf" | "bytes">): PictureReader => ({
  kind: "pictures",
  labels,
  nameOf,
  bytes,
  picture: async (image, given) => openStoredPicture(nameOf(image), given ?? (await bytes(image))),
});
