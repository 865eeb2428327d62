// Small JSON files of our own: validated when read, replaced whole when written.
import { readFile } from "node:fs/promises";
import { z } from "zod";
import { FormatError } from "../../base/errors.ts";
import { explainFileError } from "../../base/file-error.ts";
import { writeTextAtomically } from "../../checkpoint/node/atomic-file.ts";

/** The version of run.json and latest.json that this code reads and writes. */
export const formatVersion = 1;

/** Reads and validates a file. Throws UsageError (no such file …), FormatError naming the field that is wrong. */
export const readJsonFile = async <T>(path: string, schema: z.ZodType<T>): Promise<T> => {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    throw explainFileError(error, path, `read ${path}`);
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new FormatError(path, "is not valid JSON");
  }
  const version = z.object({ formatVersion: z.number() }).safeParse(value);
  if (version.success && version.data.formatVersion !== formatVersion) {
    const remedy = "use the version of residual that wrote it";
    throw new FormatError(
      path,
      `has format ${version.data.formatVersion} but this residual reads ${formatVersion}; ${remedy}`,
    );
  }
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const field = issue === undefined || issue.path.length === 0 ? "" : `${issue.path.join(".")}: `;
  throw new FormatError(path, `${field}${issue?.message ?? "is not what it should be"}`);
};

/** Replaces a file by a value as JSON; errors as `writeFileAtomically`'s. */
export const writeJsonFile = (path: string, value: unknown): Promise<void> =>
  writeTextAtomically(path, `${JSON.stringify(value, null, 2)}\n`);
