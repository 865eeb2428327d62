// Names of classes by label, and labels that are given by names.
import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { FormatError, UsageError } from "../../../base/errors.ts";
import { naturalOrder } from "../../natural-order.ts";

/** Files beside the images that name the classes, one a line in the order of their labels: ours, and that of WebDataset's collections. */
export const classFileNames = ["classes.txt", "classnames.txt"] as const;

/** What `residual data pack` writes beside classes.txt: there, spaces at a name's ends are the name's. */
export const packRecordName = "pack.json";

const largestFileBytes = 2 ** 22;

/**
 * The lines of a text file, without the end of the last; null where there is no such file. Spaces at their ends are left out unless
 * `keepsSpaces`. Throws FormatError where it is too large.
 */
export const readLines = async (
  path: string,
  largestBytes = largestFileBytes,
  keepsSpaces = false,
): Promise<readonly string[] | null> => {
  const found = await stat(path).catch(() => null);
  if (found === null || !found.isFile()) return null;
  if (found.size > largestBytes) {
    throw new FormatError(path, `has ${found.size} bytes; lists of at most ${largestBytes} are read`);
  }
  const lines = (await readFile(path, "utf8")).split(/\r?\n/).map((line) => (keepsSpaces ? line : line.trim()));
  while (lines.at(-1) === "") lines.pop();
  return lines;
};

/** The classes' names from a file in one of these folders, or null. */
export const readClassNames = async (folders: readonly string[]): Promise<readonly string[] | null> => {
  for (const folder of folders) {
    const isOurs = (await stat(join(folder, packRecordName)).catch(() => null)) !== null;
    for (const name of classFileNames) {
      const lines = await readLines(join(folder, name), largestFileBytes, isOurs);
      if (lines === null) continue;
      const empty = lines.indexOf("");
      if (empty !== -1) throw new FormatError(join(folder, name), `line ${empty + 1} names no class`);
      return lines;
    }
  }
  return null;
};

export interface NumberedClasses {
  readonly classes: readonly string[];
  readonly numberOf: (label: number | string) => number | undefined;
}

/**
 * Numbers the classes. Where all labels of `trained` are numbers they are kept, and `names` names them (else they are named by their
 * numbers); otherwise they are names, numbered as in `names`, or without it in natural order. `where` is for errors: UsageError.
 */
export const numberClasses = (
  where: string,
  trained: ReadonlySet<number | string>,
  names: readonly string[] | null,
): NumberedClasses => {
  const labels = [...trained];
  if (labels.every((label) => typeof label === "number")) {
    const count = labels.reduce((largest, label) => Math.max(largest, label), -1) + 1;
    const most = 1_000_000;
    if (count > most) throw new UsageError(`${where} has the label ${count - 1}; labels below ${most} are read`);
    if (names !== null && names.length < count) {
      throw new UsageError(`${where} names ${names.length} classes but has the label ${count - 1}; name all of them`);
    }
    const classes = names ?? Array.from({ length: count }, (_, label) => String(label));
    return { classes, numberOf: (label) => (typeof label === "number" && label < classes.length ? label : undefined) };
  }
  const classes = names ?? labels.map(String).sort(naturalOrder);
  const numbers = new Map(classes.map((name, label) => [name, label]));
  return { classes, numberOf: (label) => numbers.get(String(label)) };
};
