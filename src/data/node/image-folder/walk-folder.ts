// Lists the files below a folder: links are followed, each folder is read once, whatever links lead to it.
import type { BigIntStats, Dirent } from "node:fs";
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import type { LeftOutFile } from "../../data-set.ts";
import { throwMachineError } from "../use-file.ts";
import { isPictureName } from "./probe-file.ts";

export interface FoundFiles {
  /** Relative to the data set's folder, "/" between the parts, sorted by code units. */
  readonly files: readonly string[];
  /** Links that lead nowhere or back, folders that can't be read. */
  readonly leftOut: readonly LeftOutFile[];
  /** Names that begin with a dot, and what Windows and macOS put beside files. */
  readonly hidden: number;
}

/** In lower case. */
const systemFiles: ReadonlySet<string> = new Set(["__macosx", "thumbs.db", "ehthumbs.db", "desktop.ini"]);

const isHidden = (name: string): boolean => name.startsWith(".") || systemFiles.has(name.toLowerCase());

/** Which folder it is, whatever its name. */
export const identityOf = ({ dev, ino }: Pick<BigIntStats, "dev" | "ino">): string => `${dev}:${ino}`;

const codeOf = (error: unknown): string =>
  error instanceof Error && "code" in error ? String(error.code) : String(error);

/** Files and folders of `folder`, links resolved, hidden ones left out; null where it can't be read. */
export interface Entry {
  readonly name: string;
  readonly path: string;
  /** Null for a file. */
  readonly folder: string | null;
}

export interface Listing {
  readonly entries: readonly Entry[];
  readonly leftOut: readonly LeftOutFile[];
  readonly hidden: number;
}

const nothing = (file: string, problem: string): Listing => ({ entries: [], leftOut: [{ file, problem }], hidden: 0 });

/** One folder: `path` is relative to `root` ("" is root itself). Throws FileError where the machine failed. */
export const listFolder = async (root: string, path: string): Promise<Listing> => {
  let found: readonly Dirent[];
  try {
    found = await readdir(join(root, path), { withFileTypes: true });
  } catch (error) {
    throwMachineError(error, join(root, path));
    return nothing(path, `the folder can't be read (${codeOf(error)})`);
  }
  const visible = found.filter(({ name }) => !isHidden(name));
  const entries: Entry[] = [];
  const leftOut: LeftOutFile[] = [];
  for (const entry of visible.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const { name } = entry;
    const below = path === "" ? name : `${path}/${name}`;
    if (entry.isFile()) {
      entries.push({ name, path: below, folder: null });
      continue;
    }
    const what = await stat(join(root, below), { bigint: true }).catch((error: unknown) => {
      throwMachineError(error, join(root, below));
      return codeOf(error);
    });
    if (typeof what === "string") {
      const problem = entry.isSymbolicLink() ? "is a link that leads nowhere" : "can't be read";
      leftOut.push({ file: below, problem: `${problem} (${what})` });
    } else if (what.isDirectory()) entries.push({ name, path: below, folder: identityOf(what) });
    else if (what.isFile()) entries.push({ name, path: below, folder: null });
    else leftOut.push({ file: below, problem: "is neither a file nor a folder" });
  }
  return { entries, leftOut, hidden: found.length - visible.length };
};

/** All files below a folder, and below no folder twice. A link must not lead back to `root`, whose identity is `rootIdentity`. */
export const walkFolder = async (
  root: string,
  start: Pick<Entry, "path" | "folder">,
  rootIdentity: string,
): Promise<FoundFiles> => {
  const seen = new Set([rootIdentity]);
  const files: string[] = [];
  const leftOut: LeftOutFile[] = [];
  let hidden = 0;
  const open = [start];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { path, folder } = next;
    if (folder === null) {
      files.push(path);
      continue;
    }
    if (seen.has(folder)) {
      leftOut.push({ file: path, problem: "leads to a folder that is read already" });
      continue;
    }
    seen.add(folder);
    const listing = await listFolder(root, path);
    if (listing.entries.length + listing.leftOut.length === 0 && isPictureName(path)) {
      leftOut.push({ file: path, problem: "is an empty folder, not a picture" });
    }
    hidden += listing.hidden;
    leftOut.push(...listing.leftOut);
    open.push(...listing.entries);
  }
  return { files: files.sort(), leftOut, hidden };
};
