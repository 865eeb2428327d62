// Writes docs/records/<name>.json from run directories: the evidence of a stated accuracy.
//
//   node dist/bench/record-training.js fashion-mnist runs/a runs/b runs/c
import { readFileSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { UsageError } from "../src/base/errors.ts";
import { type MetricsRecord, metricsRecords } from "../src/commands/run-directory/metrics-log.ts";
import { readRunRecord } from "../src/commands/run-directory/run-record.ts";
import { repository } from "./records-folder.ts";
import { type TrainingRun, trainingRecord } from "./training-record.ts";

const readRun = async (directory: string): Promise<TrainingRun> => {
  const file = join(directory, "metrics.jsonl");
  const metrics: MetricsRecord[] = [];
  for (const { record } of metricsRecords(readFileSync(file), file)) metrics.push(record);
  const record = await readRunRecord(directory);
  const results = Object.entries(record.results ?? {}).map(([name, value]) => [
    name,
    typeof value === "string" ? withoutFolder(value) : value,
  ]);
  return {
    record: { ...record, command: record.command.map(withoutFolder), results: Object.fromEntries(results) },
    metrics,
  };
};

/** Where a program or a folder lay on the machine is nobody's business. */
const withoutFolder = (word: string): string => (word.startsWith("/") ? basename(word) : word);

const [name, ...directories] = process.argv.slice(2);
try {
  if (name === undefined || !/^[a-z0-9-]+$/.test(name) || directories.length === 0) {
    throw new UsageError("usage: node dist/bench/record-training.js <name, of a-z 0-9 -> <run directory> …");
  }
  const record = trainingRecord(name, await Promise.all(directories.map(readRun)));
  const { median, min, max, n } = record.testAccuracy;
  writeFileSync(join(repository, "docs/records", `${name}.json`), `${JSON.stringify(record, null, 2)}\n`);
  console.error(`docs/records/${name}.json: test accuracy ${median} (${min} to ${max}, ${n} runs)`);
} catch (error) {
  if (!(error instanceof Error)) throw error;
  console.error(`record-training: ${error.message}`);
  process.exitCode = error instanceof UsageError ? 2 : 1;
}
