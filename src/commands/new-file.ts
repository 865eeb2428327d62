// A file that a command will write at its end: refused at its beginning where that can't be.
import { access, constants, stat } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { UsageError } from "../base/errors.ts";
import { explainFileError, systemCode } from "../base/file-error.ts";

/**
 * The absolute path of a file or folder to be written. Throws UsageError where there is one already, for nothing is overwritten,
 * and where its directory is missing or may not be written to.
 */
export const newFile = async (file: string, cwd: string): Promise<string> => {
  const path = resolve(cwd, file);
  try {
    const isFree = await stat(path).then(
      () => false,
      (error: unknown) => {
        if (systemCode(error) === "ENOENT") return true;
        throw error;
      },
    );
    if (!isFree) throw new UsageError(`${path} exists already; choose another file, or remove it first`);
    await access(dirname(path), constants.W_OK);
    return path;
  } catch (error) {
    throw explainFileError(error, path, `write ${path}`, "name a directory that exists and that you may write to");
  }
};
