// Records on disk: bench/results/<case>.json, and docs/results.md made of them.
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { FormatError } from "../src/base/errors.ts";
import { type BenchRecord, recordSchema } from "./record.ts";
import { resultsPage } from "./results-page.ts";

/** The repository: this file is dist/bench/records-folder.js when it runs. */
export const repository = fileURLToPath(new URL("../../", import.meta.url));
export const recordsFolder = join(repository, "bench/results");
export const resultsFile = join(repository, "docs/results.md");

/** Every record of the folder; none where there is no folder. Throws FormatError for a file that is not a record. */
export const readRecords = (folder: string): readonly BenchRecord[] => {
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
      const parsed = recordSchema.safeParse(JSON.parse(readFileSync(file, "utf8")));
      if (parsed.success) return parsed.data;
      const [issue] = parsed.error.issues;
      throw new FormatError(file, `${issue?.path.join(".") ?? ""}: ${issue?.message ?? "not a record"}`);
    });
};

export const writeRecord = (folder: string, record: BenchRecord): void => {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, `${record.case}.json`), `${JSON.stringify(record, null, 2)}\n`);
};

/** Writes docs/results.md anew. */
export const writeResultsPage = (): void => writeFileSync(resultsFile, resultsPage(readRecords(recordsFolder)));
