// Opens a file that images are read from, and keeps apart what goes wrong: a file that isn't there makes its images broken, for which there
// are remedies; a disk that fails, or too many open files, says nothing about images, and must not make a training leave them out.
import { type FileHandle, open } from "node:fs/promises";
import { FormatError } from "../../base/errors.ts";
import { explainFileError, FileError, systemCode } from "../../base/file-error.ts";

/** The file, or a folder on the way to it, is gone. */
const goneCodes: ReadonlySet<string | null> = new Set(["ENOENT", "ENOTDIR"]);

/** What to throw for what went wrong with a file, which errors call `name`. Only errors of the system are told anew. */
export const readingError = (error: unknown, path: string, name: string): unknown =>
  goneCodes.has(systemCode(error))
    ? new FormatError(name, "is not there")
    : explainFileError(error, path, `read ${path}`);

/** Throws FileError where it was the machine that failed (its disk, a limit of open files), and not a file that is gone or locked. */
export const throwMachineError = (error: unknown, path: string): void => {
  const explained = explainFileError(error, path, `read ${path}`);
  if (explained instanceof FileError) throw explained;
};

/**
 * Opens a file, hands it to `use` and closes it. Throws what `use` throws, FormatError where the file isn't there, FileError (the disk
 * failed) and UsageError (permission denied).
 */
export const useFile = async <T>(path: string, name: string, use: (file: FileHandle) => Promise<T>): Promise<T> => {
  try {
    const file = await open(path);
    try {
      return await use(file);
    } finally {
      await file.close();
    }
  } catch (error) {
    throw readingError(error, path, name);
  }
};
