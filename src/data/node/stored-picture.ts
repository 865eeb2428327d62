// Decodes a picture from bytes that were read out of something larger: a tar shard or a Parquet file.
import { FormatError } from "../../base/errors.ts";
import type { StoredPicture } from "../reader.ts";

/** `name` is what errors call it. Throws FormatError for what is empty, too large, or no picture. */
export const openStoredPicture = async (
  name: string,
  length: number,
  read: () => Promise<Uint8Array>,
): Promise<StoredPicture> => {
  // Loaded when the first picture is: sources in memory have no use for the decoder.
  const { decodeOnOneThread, largestFileBytes, openPicture } = await import("./decode-picture.ts");
  decodeOnOneThread();
  if (length === 0) throw new FormatError(name, "is empty: 0 bytes");
  if (length > largestFileBytes) {
    throw new FormatError(name, `has ${length} bytes; pictures of at most ${largestFileBytes} are read`);
  }
  return openPicture(name, await read());
};
