// A write that failed while a run was under way: always the machine's failure (exit status 1), even where the system's reason is one,
// such as a permission, that would be the person's when a path is named.
import { explainFileError, FileError, systemCode } from "../../base/file-error.ts";

/** As explainFileError, but always FileError for a system error, also where it was explained before (`cause`). */
export const runFileError = (error: unknown, path: string, action: string, remains: string): unknown => {
  const ofSystem = systemCode(error) === null || error instanceof FileError ? causeOf(error) : error;
  const code = systemCode(ofSystem);
  if (code === null) return error;
  const explained = explainFileError(ofSystem, path, action, remains);
  return explained instanceof Error ? new FileError(path, code, explained.message, ofSystem) : explained;
};

const causeOf = (error: unknown): unknown => (error instanceof Error ? error.cause : undefined);
