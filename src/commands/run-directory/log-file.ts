// A file that only grows: every piece reaches the operating system before `append` returns, so a kill loses none.
// The callers know what the pieces are: metrics-log.ts, event-log.ts.
import { closeSync, fsyncSync, ftruncateSync, openSync, readFileSync, writeSync } from "node:fs";
import { explainFileError } from "../../base/file-error.ts";
import { runFileError } from "./run-file-error.ts";

export interface LogFile {
  readonly path: string;
  /** Bytes that opening cut off. */
  readonly droppedBytes: number;
  /** Adds the bytes whole or not at all. Throws FileError (full disk …). */
  append(bytes: Uint8Array): void;
  /** Returns once everything is on the disk, for a power failure to spare. */
  sync(): void;
  close(): void;
}

/**
 * Opens a log, made if there is none, and cuts it to the first `keep(content)` bytes.
 * `keep` may throw FormatError; the file is then as it was.
 */
export const openLogFile = (path: string, keep: (content: Uint8Array) => number): LogFile => {
  const attempt = <T>(action: string, work: () => T): T => {
    try {
      return work();
    } catch (error) {
      throw explainFileError(error, path, `${action} ${path}`);
    }
  };
  const descriptor = attempt("open", () => openSync(path, "a+"));
  let length: number;
  let droppedBytes: number;
  try {
    const content = attempt("read", () => readFileSync(descriptor));
    length = keep(content);
    droppedBytes = content.length - length;
    if (droppedBytes > 0) attempt("cut back", () => ftruncateSync(descriptor, length));
  } catch (error) {
    closeSync(descriptor);
    throw error;
  }
  const append = (bytes: Uint8Array): void => {
    try {
      for (let offset = 0; offset < bytes.length; ) offset += writeSync(descriptor, bytes, offset);
      length += bytes.length;
    } catch (error) {
      ftruncateSync(descriptor, length); // takes back the part that was written
      throw runFileError(error, path, `append ${bytes.length} bytes to ${path}`, "what it held before is untouched");
    }
  };
  return {
    path,
    droppedBytes,
    append,
    sync: () => {
      try {
        fsyncSync(descriptor);
      } catch (error) {
        throw runFileError(error, path, `write ${path}`, "what was on the disk before is untouched");
      }
    },
    close: () => closeSync(descriptor),
  };
};
