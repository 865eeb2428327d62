// How a folder of images is laid out: class folders, or class folders within train/ and val/ or test/.

import { stat } from "node:fs/promises";
import { UsageError } from "../../../base/errors.ts";
import type { LeftOutFile } from "../../data-set.ts";
import { naturalOrder } from "../../natural-order.ts";
import { type Entry, identityOf, listFolder, walkFolder } from "./walk-folder.ts";

/** What folders are called that hold a split each. */
const splitNames = {
  train: ["train", "training"],
  validation: ["val", "valid", "validation"],
  test: ["test", "testing"],
} as const;
export type SplitName = keyof typeof splitNames;

const splitOf = (folder: string): SplitName | null => {
  const name = folder.toLowerCase();
  const is = (split: SplitName): boolean => splitNames[split].some((known) => known === name);
  return is("train") ? "train" : is("validation") ? "validation" : is("test") ? "test" : null;
};

/** Files of one class in one split; `split` is null where the folder has no splits. */
export interface ClassFiles {
  readonly split: SplitName | null;
  readonly name: string;
  /** The class folder, relative to the data set's folder. */
  readonly folder: string;
  /** Relative to the data set's folder. */
  readonly files: readonly string[];
}

export interface FolderLayout {
  readonly classFolders: readonly ClassFiles[];
  /** Names of the split folders, as they are written; empty where there are none. */
  readonly splitFolders: readonly string[];
  /** Names of the folders that stand beside splits and are not looked into. */
  readonly ignoredFolders: readonly string[];
  readonly leftOut: readonly LeftOutFile[];
  /** Files beside class folders, which have no class. */
  readonly strayFiles: readonly string[];
  readonly hidden: number;
}

interface Split {
  readonly split: SplitName | null;
  /** Relative to the data set's folder; "" is itself. */
  readonly folder: string;
}

const isFolder = (entry: Entry): boolean => entry.folder !== null;

interface Splits {
  readonly splits: readonly Split[];
  /** Names of folders that stand beside splits. */
  readonly ignored: readonly string[];
}

/**
 * Which folders of the top are splits: those that are called so, where all are, or where there are two or more different ones, others
 * (`annotations/`) standing beside them. One alone beside others is a class: of trains, beside cars. Throws UsageError for two of a
 * kind, and for no train among them unless they are `onlyTested`.
 */
const splitsOf = (directory: string, folders: readonly Entry[], onlyTested: boolean): Splits => {
  const named = folders.flatMap(({ name, path }) => {
    const split = splitOf(name);
    return split === null ? [] : [{ split, folder: path }];
  });
  const kinds = new Set(named.map(({ split }) => split));
  if (kinds.size === 0 || (kinds.size === 1 && named.length < folders.length)) {
    return { splits: [{ split: null, folder: "" }], ignored: [] };
  }
  for (const kind of kinds) {
    const of = named.filter(({ split }) => split === kind);
    if (of.length > 1) {
      throw new UsageError(
        `${directory} holds ${of.map(({ folder }) => folder).join(" and ")}, which mean the same; keep one of them`,
      );
    }
  }
  if (!kinds.has("train") && !onlyTested) {
    const names = named.map(({ folder }) => folder).join(", ");
    throw new UsageError(`${directory} holds ${names} but no train folder; add the images to train on`);
  }
  return { splits: named, ignored: folders.map(({ name }) => name).filter((name) => splitOf(name) === null) };
};

/** Looks at names alone. Throws UsageError where the folders of splits make no sense; `onlyTested` ones need no train among them. */
export const findLayout = async (directory: string, onlyTested = false): Promise<FolderLayout> => {
  const top = await listFolder(directory, "");
  const { splits, ignored } = splitsOf(directory, top.entries.filter(isFolder), onlyTested);
  const root = identityOf(await stat(directory, { bigint: true }));
  const classFolders: ClassFiles[] = [];
  const listings = [top];
  for (const { split, folder } of splits) {
    const listing = folder === "" ? top : await listFolder(directory, folder);
    if (folder !== "") listings.push(listing);
    const classes = listing.entries.filter(isFolder).sort((a, b) => naturalOrder(a.name, b.name));
    for (const { name, path, folder: identity } of classes) {
      const found = await walkFolder(directory, { path, folder: identity }, root);
      listings.push({ entries: [], ...found });
      classFolders.push({ split, name, folder: path, files: found.files });
    }
  }
  return {
    classFolders,
    splitFolders: splits.flatMap(({ split, folder }) => (split === null ? [] : [folder])),
    ignoredFolders: ignored,
    leftOut: listings.flatMap(({ leftOut }) => leftOut),
    strayFiles: listings.flatMap(({ entries }) => entries.filter((entry) => !isFolder(entry)).map(({ path }) => path)),
    hidden: listings.reduce((sum, { hidden }) => sum + hidden, 0),
  };
};
