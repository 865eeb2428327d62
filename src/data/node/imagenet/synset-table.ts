// What a person's copy of ImageNet says of its synsets: their names, and the numbers 1 … 1000 that the challenge gave them. Those numbers
// are in no order of the names: n02119789, a kit fox, has 1, while n01440764, a tench, is first of the sorted synsets, in whose
// order all published weights number their classes. Only the validation labels are told in the challenge's numbers.
import { readFile, stat } from "node:fs/promises";
import { basename, join } from "node:path";
import { FormatError } from "../../../base/errors.ts";
import { readLines } from "../containers/class-names.ts";
import { readMatStructures } from "./mat-file.ts";

export const synsetPattern = /^n\d{8}$/;

export interface SynsetTable {
  readonly file: string;
  /** By synset, as the file words it. */
  readonly names: ReadonlyMap<string, string>;
  /** Synsets by the challenge's numbers; empty where the file doesn't have these. */
  readonly byNumber: ReadonlyMap<number, string>;
}

const largestMatBytes = 2 ** 24;

/** "n01440764 tench, Tinca tinca" */
const readMapping = async (file: string): Promise<SynsetTable | null> => {
  const lines = await readLines(file);
  if (lines === null) return null;
  const names = new Map<string, string>();
  for (const [i, line] of lines.entries()) {
    const [, synset, name] = /^(n\d{8})[ \t]+(.+)$/.exec(line) ?? [];
    if (synset === undefined || name === undefined) {
      throw new FormatError(file, `line ${i + 1} should be a synset and its name but is "${line.slice(0, 60)}"`);
    }
    names.set(synset, name);
  }
  return { file, names, byNumber: new Map() };
};

/** "n02119789 1 kit_fox" */
const readClsLoc = async (file: string): Promise<SynsetTable | null> => {
  const lines = await readLines(file);
  if (lines === null) return null;
  const names = new Map<string, string>();
  const byNumber = new Map<number, string>();
  for (const [i, line] of lines.entries()) {
    const [, synset, number, name] = /^(n\d{8}) (\d+) (\S+)$/.exec(line) ?? [];
    if (synset === undefined || number === undefined || name === undefined) {
      throw new FormatError(
        file,
        `line ${i + 1} should be a synset, a number and a name but is "${line.slice(0, 60)}"`,
      );
    }
    names.set(synset, name.replaceAll("_", " "));
    byNumber.set(Number(number), synset);
  }
  return { file, names, byNumber };
};

/** The devkit's `synsets`: ILSVRC2012_ID, WNID, words, … of 1,860 synsets, of which the first 1,000 are the challenge's. */
const readMeta = async (file: string): Promise<SynsetTable | null> => {
  const found = await stat(file).catch(() => null);
  if (found === null || !found.isFile()) return null;
  if (found.size > largestMatBytes) {
    throw new FormatError(file, `has ${found.size} bytes; at most ${largestMatBytes} are read`);
  }
  const names = new Map<string, string>();
  const byNumber = new Map<number, string>();
  for (const structure of readMatStructures(await readFile(file), file)) {
    const [numbers, synset, words] = ["ILSVRC2012_ID", "WNID", "words"].map((field) => structure.get(field));
    const number = Array.isArray(numbers) ? numbers[0] : undefined;
    if (typeof synset !== "string" || !synsetPattern.test(synset) || !Number.isInteger(number)) {
      throw new FormatError(file, "its structures should have the fields ILSVRC2012_ID, WNID and words");
    }
    if (typeof words === "string") names.set(synset, words);
    byNumber.set(number, synset);
  }
  return { file, names, byNumber };
};

const readers: ReadonlyMap<string, (file: string) => Promise<SynsetTable | null>> = new Map([
  ["LOC_synset_mapping.txt", readMapping],
  ["synset_words.txt", readMapping],
  ["map_clsloc.txt", readClsLoc],
  ["meta.mat", readMeta],
]);

/** What tables of synsets are called, those first whose names read best. */
export const synsetTableNames: readonly string[] = [...readers.keys()];

/** All tables in these folders, in the order of `synsetTableNames`. Throws FormatError where one is damaged. */
export const findSynsetTables = async (folders: readonly string[]): Promise<readonly SynsetTable[]> => {
  const tables: SynsetTable[] = [];
  for (const [name, read] of readers) {
    for (const folder of folders) {
      const table = await read(join(folder, name));
      if (table !== null) tables.push(table);
    }
  }
  return tables;
};

/** Names of the classes; of synsets that share one ("crane", the bird and the machine) with the synset behind. */
export const classNamesOf = (
  synsets: readonly string[],
  tables: readonly SynsetTable[],
): { readonly classes: readonly string[]; readonly from: string | null } => {
  const table = tables.find(({ names }) => synsets.every((synset) => names.has(synset)));
  if (table === undefined) return { classes: synsets, from: null };
  const names = synsets.map((synset) => table.names.get(synset) ?? synset);
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  const classes = names.map((name, i) => ((counts.get(name) ?? 0) > 1 ? `${name} (${synsets[i]})` : name));
  return { classes, from: basename(table.file) };
};
