// metrics.jsonl: one JSON object a line, each with the step it belongs to, in the order of the steps.
import { FormatError } from "../../base/errors.ts";
import { type LogFile, openLogFile } from "./log-file.ts";

/** What was measured at a step. Numbers that aren't finite become null: JSON has none. */
export interface MetricsRecord {
  /** Training steps done when it was measured. */
  readonly step: number;
  readonly [name: string]: number | string | boolean | null | readonly (number | null)[];
}

const newline = 0x0a;

const isRecord = (value: unknown): value is MetricsRecord =>
  typeof value === "object" && value !== null && "step" in value && Number.isSafeInteger(value.step);

/**
 * The records of a metrics file, in order, with the byte after each. Stops before a last line that a kill cut short;
 * throws FormatError, with the line's first byte, for any other line that isn't an object with a `step`.
 */
export function* metricsRecords(
  content: Uint8Array,
  file: string,
): Generator<{ readonly record: MetricsRecord; readonly end: number }> {
  for (let begin = 0, line = 1; begin < content.length; line++) {
    const stop = content.indexOf(newline, begin);
    if (stop < 0) return;
    let record: unknown = null;
    try {
      record = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(content.subarray(begin, stop)));
    } catch {
      // falls through to the refusal
    }
    if (!isRecord(record)) throw new FormatError(file, `line ${line} should be a JSON object with a step`, begin);
    yield { record, end: stop + 1 };
    begin = stop + 1;
  }
}

/** How many bytes hold the records up to and including `step`; what comes after the first later one isn't looked at. */
export const metricsBytesUpTo = (content: Uint8Array, step: number, file: string): number => {
  let kept = 0;
  for (const { record, end } of metricsRecords(content, file)) {
    if (record.step > step) break;
    kept = end;
  }
  return kept;
};

export interface MetricsLog extends Pick<LogFile, "path" | "droppedBytes" | "sync" | "close"> {
  append(record: MetricsRecord): void;
}

/** Opens metrics.jsonl and cuts it back to `step` (−1: to nothing). Throws FormatError, FileError, UsageError. */
export const openMetricsLog = (path: string, step: number): MetricsLog => {
  const { append, ...log } = openLogFile(path, (content) => metricsBytesUpTo(content, step, path));
  return { ...log, append: (record) => append(new TextEncoder().encode(`${JSON.stringify(record)}\n`)) };
};
