// A file that is open for reading in pieces, each checked to be there.
import { type FileHandle, open, stat } from "node:fs/promises";
import { FormatError, UsageError } from "../../base/errors.ts";
import { explainFileError, FileError } from "../../base/file-error.ts";

export interface WeightsFile {
  readonly path: string;
  readonly bytes: number;
  /** So many bytes from a position on, in memory of their own. Throws FormatError when the file became shorter, FileError. */
  read(position: number, bytes: number): Promise<Uint8Array>;
}

/**
 * Opens a file, hands it to `use`, and closes it. Throws UsageError (no such file …), FileError (the disk failed, too little memory),
 * and what `use` throws.
 */
export const withFile = async <T>(path: string, use: (file: WeightsFile) => Promise<T>): Promise<T> => {
  try {
    // Asked before opening: opening a pipe would wait for its other end.
    if (!(await stat(path)).isFile()) throw new UsageError(`can't read ${path}: it is not a file`);
    const handle = await open(path, "r");
    try {
      const { size } = await handle.stat();
      return await use({ path, bytes: size, read: (position, bytes) => readExactly(handle, path, position, bytes) });
    } finally {
      await handle.close();
    }
  } catch (error) {
    throw explainFileError(error, path, `read ${path}`);
  }
};

const readExactly = async (handle: FileHandle, path: string, position: number, bytes: number): Promise<Uint8Array> => {
  const buffer = allocateBytes(path, bytes);
  for (let filled = 0; filled < bytes; ) {
    const { bytesRead } = await handle.read(buffer, filled, Math.min(bytes - filled, 2 ** 30), position + filled);
    if (bytesRead === 0) throw new FormatError(path, "the file became shorter while it was read", position + filled);
    filled += bytesRead;
  }
  return buffer;
};

const allocateBytes = (path: string, bytes: number): Uint8Array => {
  try {
    return new Uint8Array(bytes);
  } catch (error) {
    throw new FileError(path, "ENOMEM", `can't read ${path}: it needs ${bytes} bytes of memory at once`, error);
  }
};
