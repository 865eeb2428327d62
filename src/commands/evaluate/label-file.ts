// Files of re-assessed labels: which classes are accepted for each image, or what each annotator accepts. Four forms, told apart by
// their contents; which image an entry is of is match-entries.ts.
//
//   [[l, …], …]             ReaL's: a list of accepted labels for each image, in order; an empty list: left out
//   {"file": [l, …], …}     the same by file name
//   [[[l, …], …], …]        votes: for each image and each of its annotators a list; an empty list of annotators: left out
//   {"file": [[l, …], …]}   the same by file name
//   CSV with the columns image,label (accepted) or image,annotator,label (votes): a row an acceptance; an empty label accepts nothing
//
// A label is a class's number or its name.
import { readFile, stat } from "node:fs/promises";
import { resolve } from "node:path";
import { FormatError, UsageError } from "../../base/errors.ts";
import { explainFileError } from "../../base/file-error.ts";
import { jsonMembers } from "../../checkpoint/json-members.ts";
import type { Votes } from "../../evaluate/accepted-labels.ts";
import { parseCsv } from "./csv.ts";

/** By place in the file, or by name. `accepted` files are votes of one annotator each. */
export interface LabelFile {
  readonly path: string;
  readonly kind: "accepted" | "votes";
  readonly entries: readonly { readonly name: string | null; readonly votes: Votes }[];
}

/** ReaL's labels of 50,000 images take 1 MiB. */
const mostBytes = 256 * 2 ** 20;

/** Class numbers of a file's labels. */
type ClassOf = (label: unknown, where: string) => number;

const classReader = (classes: readonly string[], path: string): ClassOf => {
  const numbers = new Map(classes.map((name, label) => [name, label]));
  const repeated = new Set(classes.filter((name, label) => numbers.get(name) !== label));
  return (label, where) => {
    if (typeof label === "string" && numbers.has(label)) {
      if (repeated.has(label)) {
        throw new FormatError(path, `${where}: more than one class is called "${label}"; give the class's number`);
      }
      return numbers.get(label) ?? 0;
    }
    const number = typeof label === "string" && /^\d+$/.test(label) ? Number(label) : label;
    if (typeof number === "number" && Number.isInteger(number) && number >= 0 && number < classes.length) return number;
    throw new FormatError(
      path,
      `${where}: ${JSON.stringify(label)} is no class; the network knows 0 … ${classes.length - 1} and their names`,
    );
  };
};

const isList = (value: unknown): value is readonly unknown[] => Array.isArray(value);
const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !isList(value);

const namedEntries = (value: unknown, path: string): readonly (readonly [name: string | null, entry: unknown])[] => {
  if (isList(value)) return value.map((entry) => [null, entry]);
  if (isRecord(value)) return Object.entries(value);
  throw new FormatError(path, "should be a list with an entry for each image, or an object of file names");
};

const fromJson = (text: string, path: string, classOf: ClassOf): LabelFile => {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new FormatError(path, "is not valid JSON");
  }
  const given = namedEntries(value, path);
  const { duplicate } = jsonMembers(text);
  if (duplicate !== null) throw new FormatError(path, `names "${duplicate.name}" twice; give its labels once`);
  const kind = given.some(([, entry]) => isList(entry) && entry.some(isList)) ? "votes" : "accepted";
  const entries = given.map(([name, entry], i) => {
    const where = name === null ? `entry ${i}` : `"${name}"`;
    if (!isList(entry))
      throw new FormatError(path, `${where} should be a list but is ${JSON.stringify(entry)?.slice(0, 60)}`);
    if (entry.length === 0) return { name, votes: null };
    const annotators = kind === "votes" ? entry : [entry];
    const votes = annotators.map((labels) => {
      if (!isList(labels)) throw new FormatError(path, `${where} mixes labels with lists of labels`);
      return labels.map((label) => classOf(label, where));
    });
    return { name, votes };
  });
  return { path, kind, entries };
};

const fromCsv = (text: string, path: string, classOf: ClassOf): LabelFile => {
  const [header = [], ...rows] = parseCsv(text, path);
  const [image, label, annotator] = ["image", "label", "annotator"].map((column) => header.indexOf(column));
  if (image === undefined || image === -1 || label === undefined || label === -1) {
    throw new FormatError(
      path,
      `should have the columns image, label and, for votes, annotator but has ${header.join(", ")}`,
    );
  }
  const hasAnnotators = annotator !== undefined && annotator !== -1;
  const byImage = new Map<string, Map<string, number[]>>();
  for (const [i, row] of rows.entries()) {
    if (row.length !== header.length) {
      throw new FormatError(path, `record ${i + 2} has ${row.length} fields but the header has ${header.length}`);
    }
    const [name = "", given = ""] = [row[image], row[label]];
    const voices = byImage.get(name) ?? new Map<string, number[]>();
    const voice = hasAnnotators ? (row[annotator] ?? "") : "";
    const accepted = voices.get(voice) ?? [];
    if (given !== "") accepted.push(classOf(given, `record ${i + 2}`));
    voices.set(voice, accepted);
    byImage.set(name, voices);
  }
  const entries = Array.from(byImage, ([name, voices]) => {
    const votes = [...voices.values()];
    return { name, votes: !hasAnnotators && votes.every((labels) => labels.length === 0) ? null : votes };
  });
  return { path, kind: hasAnnotators ? "votes" : "accepted", entries };
};

/** Reads a file of labels for networks with these classes. Throws UsageError (no such file, too large), FormatError. */
export const readLabelFile = async (file: string, classes: readonly string[], cwd: string): Promise<LabelFile> => {
  const path = resolve(cwd, file);
  try {
    const { size } = await stat(path);
    if (size > mostBytes) {
      throw new UsageError(`${path} has ${size} bytes; files of labels of at most ${mostBytes} are read`);
    }
    const text = await readFile(path, "utf8");
    const classOf = classReader(classes, path);
    return /^\uFEFF?\s*[[{]/.test(text) ? fromJson(text, path, classOf) : fromCsv(text, path, classOf);
  } catch (error) {
    throw explainFileError(error, path, `read ${path}`);
  }
};
