// A file operation that failed, in one sentence: what was being done, to which path, why, and what is left.
import { UsageError } from "./errors.ts";

/** The machine could not do what was asked of its disk; `code` is the system's name for the reason (`ENOSPC`). */
export class FileError extends Error {
  override readonly name = "FileError";
  readonly path: string;
  readonly code: string;
  constructor(path: string, code: string, message: string, cause: unknown) {
    super(message, { cause });
    this.path = path;
    this.code = code;
  }
}

/** What a person can mend by naming another path or changing its rights: UsageError. */
const usageReasons: Readonly<Record<string, string>> = {
  ENOENT: "there is no such file or directory",
  ENOTDIR: "a part of the path is a file, not a directory",
  EEXIST: "a file of that name is in the way",
  EISDIR: "it is a directory",
  EACCES: "permission denied",
  EPERM: "permission denied",
  EROFS: "the file system is read-only",
  ENAMETOOLONG: "the name is too long",
  ELOOP: "its symbolic links go round in a circle",
};

/** What lies with the machine: FileError. */
const machineReasons: Readonly<Record<string, string>> = {
  ENOSPC: "no space is left on its disk; free some, or choose another directory",
  EDQUOT: "the disk quota is used up; free some space, or choose another directory",
  EFBIG: "the file would be larger than the system allows",
  EIO: "the disk reported an error",
  EMFILE: "too many files are open",
  ENFILE: "too many files are open",
  ENOMEM: "there is not enough memory",
};

/** The system's name for why a call failed (`ENOENT`), or null when the error isn't the system's. */
export const systemCode = (error: unknown): string | null =>
  error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : null;

/**
 * Turns a system error into a UsageError or FileError that says `action` ("write m.safetensors (120 bytes)"), the
 * reason, and `remains` (what is still valid). Any other error is returned as it is.
 */
export const explainFileError = (error: unknown, path: string, action: string, remains = ""): unknown => {
  const code = systemCode(error);
  if (code === null || error instanceof FileError) return error;
  const sentence = (reason: string): string => `can't ${action}: ${reason}${remains === "" ? "" : `; ${remains}`}`;
  const mendable = usageReasons[code];
  if (mendable !== undefined) return new UsageError(sentence(mendable), { cause: error });
  return new FileError(path, code, sentence(machineReasons[code] ?? `the system answered ${code}`), error);
};
