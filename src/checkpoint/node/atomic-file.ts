// Writes a file so that, whatever happens at whatever moment, its name stands for the old bytes or all of the new ones:
// temporary name in the same directory, fsync, rename, fsync of the directory.
import { randomUUID } from "node:crypto";
import * as fs from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { explainFileError, systemCode } from "../../base/file-error.ts";

/** The calls to the system that writing takes; tests hand in ones that fail. */
export interface FileCalls {
  open(path: string, flags: string): Promise<OpenFile>;
  rename(from: string, to: string): Promise<void>;
  rm(path: string, options: { force: true }): Promise<void>;
}
export interface OpenFile {
  write(bytes: Uint8Array, offset: number, length: number): Promise<{ readonly bytesWritten: number }>;
  sync(): Promise<void>;
  close(): Promise<void>;
}

/** A name under which unfinished files lie; what bears one after a kill is rubbish. */
export const temporaryName = (name: string): string => `.${name}.${randomUUID().slice(0, 8)}.partial`;
export const isTemporaryName = (name: string): boolean => /^\..*\.[0-9a-f]{8}\.partial$/.test(name);

/** Writes a new file and returns once its bytes are on the disk. The name must be free. System errors pass through. */
export const writeSynced = async (path: string, parts: readonly Uint8Array[], calls: FileCalls = fs): Promise<void> => {
  const handle = await calls.open(path, "wx");
  try {
    for (const part of parts) {
      // One call writes at most 2 GiB, and may write less than it was asked to.
      for (let offset = 0; offset < part.length; ) {
        offset += (await handle.write(part, offset, Math.min(part.length - offset, 2 ** 30))).bytesWritten;
      }
    }
    await handle.sync();
  } finally {
    await handle.close();
  }
};

/** Returns once the names in a directory are on the disk. */
export const syncDirectory = async (path: string, calls: FileCalls = fs): Promise<void> => {
  try {
    const handle = await calls.open(path, "r");
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  } catch (error) {
    // Windows has no such call and needs none; some network file systems answer EINVAL.
    if (!["EISDIR", "EPERM", "EINVAL"].includes(systemCode(error) ?? "")) throw error;
  }
};

/**
 * Replaces or makes the file `path` whole or not at all. A failure leaves what was there, removes the unfinished file,
 * and throws UsageError (a path that can't be) or FileError (a full disk, say) with the path and the bytes needed.
 */
export const writeFileAtomically = async (
  path: string,
  parts: readonly Uint8Array[],
  calls: FileCalls = fs,
): Promise<void> => {
  const bytes = parts.reduce((sum, part) => sum + part.length, 0);
  const temporary = join(dirname(path), temporaryName(basename(path)));
  try {
    await writeSynced(temporary, parts, calls);
    await calls.rename(temporary, path);
    await syncDirectory(dirname(path), calls);
  } catch (error) {
    await calls.rm(temporary, { force: true }).catch(() => {}); // the first error is the one to tell
    throw explainFileError(error, path, `write ${path} (${bytes} bytes)`, "what was there before is untouched");
  }
};

/** A small text file, written by `writeFileAtomically`. */
export const writeTextAtomically = (path: string, text: string, calls: FileCalls = fs): Promise<void> =>
  writeFileAtomically(path, [new TextEncoder().encode(text)], calls);
