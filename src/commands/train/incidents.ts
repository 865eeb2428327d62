// What went wrong in a run and was survived, counted for its report: from metrics.jsonl and broken-images.jsonl.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { brokenImagesFile } from "../broken-images.ts";
import { formatCount } from "../report/format.ts";
import type { ReportInput } from "../report/input.ts";
import { metricsRecords } from "../run-directory/metrics-log.ts";

/** Rows of a report's table of facts; one only for what happened. */
export const incidentFacts = async (directory: string): Promise<ReportInput["facts"]> => {
  const file = join(directory, "metrics.jsonl");
  const counts = { "non-finite": 0, spike: 0, replaced: 0 };
  for (const { record } of metricsRecords(new Uint8Array(await readFile(file)), file)) {
    if (record.event === "worker replaced") counts.replaced++;
    if (record.event === "skipped") counts[record.reason === "spike" ? "spike" : "non-finite"]++;
  }
  const lines = await readFile(join(directory, brokenImagesFile), "utf8").catch(() => "");
  const rows = [
    ["Steps skipped: loss not finite", counts["non-finite"]],
    ["Steps skipped: loss spiked", counts.spike],
    ["Data workers replaced", counts.replaced],
    ["Broken images (broken-images.jsonl)", lines.split("\n").length - 1],
  ] as const;
  return rows.filter(([, count]) => count > 0).map(([name, count]) => ({ name, value: formatCount(count) }));
};
