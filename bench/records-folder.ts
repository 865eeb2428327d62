// Records on disk: bench/results/<case>.json, and docs/results.md made of them.
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { z } from "zod";
import { FormatError } from "../src/base/errors.ts";
import { type LoaderRecord, loaderRecordSchema } from "./loader/loader-record.ts";
import { type BenchRecord, recordSchema } from "./record.ts";
import { resultsPage } from "./results-page.ts";

/** The repository: this file is dist/bench/records-folder.js when it runs. */
export const repository = fileURLToPath(new URL("../../", import.meta.url));
export const recordsFolder = join(repository, "bench/results");
/** Records of trainings from files lie in a folder of that one. */
const loaderFolder = "loader";
export const resultsFile = join(repository, "docs/results.md");

/** Every record of the folder; none where there is no folder. Throws FormatError for a file that is not a record. */
const readFolder = <R>(folder: string, schema: z.ZodType<R>): readonly R[] => {
  let names: readonly string[] = [];
  try {
    names = readdirSync(folder);
  } catch {
    return [];
  }
  return names
    .filter((name) => name.endsWith(".json"))
    .sort()
    .map((name) => {
      const file = join(folder, name);
      const parsed = schema.safeParse(JSON.parse(readFileSync(file, "utf8")));
      if (parsed.success) return parsed.data;
      const [issue] = parsed.error.issues;
      throw new FormatError(file, `${issue?.path.join(".") ?? ""}: ${issue?.message ?? "not a record"}`);
    });
};

export const readRecords = (folder: string): readonly BenchRecord[] => readFolder(folder, recordSchema);
export const readLoaderRecords = (folder: string): readonly LoaderRecord[] =>
  readFolder(join(folder, loaderFolder), loaderRecordSchema);

export const writeRecord = (folder: string, record: BenchRecord): void => writeJson(folder, record.case, record);
export const writeLoaderRecord = (folder: string, record: LoaderRecord): void =>
  writeJson(join(folder, loaderFolder), record.case, record);

/** A JSON document of the folder, which is made. */
export const writeJson = (folder: string, name: string, document: object): void => {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, `${name}.json`), `${JSON.stringify(document, null, 2)}\n`);
};

/** Writes docs/results.md anew. */
export const writeResultsPage = (): void =>
  writeFileSync(resultsFile, resultsPage(readRecords(recordsFolder), readLoaderRecords(recordsFolder)));
