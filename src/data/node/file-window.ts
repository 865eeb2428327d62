// Reads places of one open file through a buffer, for readers that go through a file from front to back in small steps.
import type { FileHandle } from "node:fs/promises";
import { FormatError } from "../../base/errors.ts";

/** Bytes read at once: more than most small members of a tar archive, less than most photographs, which are passed over. */
const windowBytes = 2 ** 16;

/** The bytes from `at` on; they stay valid until the next call. */
export type ReadAt = (at: number, length: number) => Promise<Uint8Array>;

/** `name` is what errors call the file, `fileBytes` its size. Throws FormatError where a part lies beyond its end. */
export const openWindow = (handle: FileHandle, name: string, fileBytes: number): ReadAt => {
  let buffer = Buffer.alloc(windowBytes);
  let [start, filled] = [0, 0];
  return async (at, length) => {
    if (at + length > fileBytes) {
      throw new FormatError(name, `is cut off: it has ${fileBytes} bytes, but ${length} should follow`, at);
    }
    if (at < start || at + length > start + filled) {
      if (length > buffer.length) buffer = Buffer.alloc(length);
      const { bytesRead } = await handle.read(buffer, 0, buffer.length, at);
      [start, filled] = [at, bytesRead];
      if (bytesRead < length) throw new FormatError(name, "was cut off while it was read", at);
    }
    return buffer.subarray(at - start, at - start + length);
  };
};
