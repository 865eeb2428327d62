// Which files of a folder hold images (tar shards, Parquet files), and which split each belongs to, by its name or its folder's.
import { readdir, stat } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { UsageError } from "../../../base/errors.ts";
import { naturalOrder } from "../../natural-order.ts";
import { printable } from "../printable.ts";

export type ContainerSplit = "train" | "validation" | "test";

/** Files in the order of their images; paths are relative to `folder`. */
export interface ContainerFiles {
  /** Absolute. */
  readonly folder: string;
  /** Null stands for files that name no split, where none does. */
  readonly splits: ReadonlyMap<ContainerSplit | null, readonly string[]>;
  /** Files that name no split beside files that do. */
  readonly ignored: readonly string[];
}

const words: readonly (readonly [RegExp, ContainerSplit])[] = [
  [/(?:^|[^a-z])train(?:ing)?(?:[^a-z]|$)/i, "train"],
  [/(?:^|[^a-z])val(?:id|idation)?(?:[^a-z]|$)/i, "validation"],
  [/(?:^|[^a-z])test(?:ing)?(?:[^a-z]|$)/i, "test"],
];

/** The split that a name speaks of: the file's own counts before its folder's. */
export const splitOfName = (path: string): ContainerSplit | null => {
  for (const part of path.split("/").reverse()) {
    const found = words.find(([pattern]) => pattern.test(part));
    if (found !== undefined) return found[1];
  }
  return null;
};

/** Sorts files into splits. `files` are relative to `folder`, which is absolute. */
export const splitFiles = (folder: string, files: readonly string[]): ContainerFiles => {
  const splits = new Map<ContainerSplit | null, string[]>();
  for (const file of [...files].sort(naturalOrder)) {
    const split = splitOfName(file);
    const others = splits.get(split);
    if (others === undefined) splits.set(split, [file]);
    else others.push(file);
  }
  const unnamed = splits.get(null) ?? [];
  if (splits.size < 2) return { folder, splits, ignored: [] };
  splits.delete(null);
  return { folder, splits, ignored: unnamed };
};

/** Folders below a data set's own that may hold the files. */
const isInner = (name: string): boolean => splitOfName(name) !== null || name === "data" || name === "shards";

/**
 * The files of a folder whose names end so, in itself, in `data/` or `shards/`, or in folders named after splits; null where there is
 * none, or where class folders stand beside them, which count then.
 */
export const findContainers = async (directory: string, extension: string): Promise<ContainerFiles | null> => {
  const folder = resolve(directory);
  const entries = (await readdir(folder, { withFileTypes: true })).filter(({ name }) => !name.startsWith("."));
  const isContainer = (name: string): boolean => name.toLowerCase().endsWith(extension);
  const own = entries.filter((entry) => !entry.isDirectory() && isContainer(entry.name)).map(({ name }) => name);
  const inner: string[] = [];
  for (const { name } of entries.filter((entry) => entry.isDirectory())) {
    const below = isInner(name) ? (await readdir(join(folder, name))).filter(isContainer) : [];
    if (below.length === 0 && own.length + inner.length > 0 && isInner(name)) return null;
    inner.push(...below.map((file) => `${name}/${file}`));
  }
  const files = [...own, ...inner];
  return files.length === 0 ? null : splitFiles(folder, files);
};

/** Files that a person named one by one (by a pattern). Throws UsageError where they are not all there. */
export const namedContainers = async (paths: readonly string[]): Promise<ContainerFiles> => {
  const absolute = paths.map((path) => resolve(path));
  for (const [i, path] of absolute.entries()) {
    const found = await stat(path).catch(() => null);
    if (found === null) throw new UsageError(`there is no file ${printable(paths[i] ?? path)}`);
    if (!found.isFile()) throw new UsageError(`${printable(paths[i] ?? path)} is not a file`);
  }
  const folders = new Set(absolute.map((path) => dirname(path)));
  const [folder] = folders;
  if (folder === undefined || folders.size > 1) {
    throw new UsageError(
      `the files of a data set should lie in one folder, but ${paths.length} of ${folders.size} folders are named`,
    );
  }
  return splitFiles(
    folder,
    absolute.map((path) => basename(path)),
  );
};
