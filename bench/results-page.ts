// docs/results.md from the records in bench/results. Pure: the same records give the same page, and a test holds it to that.
import type { LoaderRecord } from "./loader/loader-record.ts";
import { loaderSection } from "./loader/loader-table.ts";
import { type BenchRecord, compare } from "./record.ts";
import { line, mebibytes, percent, withRange } from "./table.ts";

const headings = [
  "case",
  "ours, images/s",
  "best peer, images/s",
  "ours ÷ peer",
  "of the roof",
  "JavaScript",
  "peak memory, ours / peer",
  "record",
];

const row = (record: BenchRecord): readonly string[] => {
  const { ours, best, roofFraction, peakResidentBytes } = compare(record);
  const { javascriptFraction } = record.ours;
  const verb = record.what === "train" ? "train" : "evaluate";
  return [
    `${verb} ${record.model}, ${record.dtype}, batch ${record.batch}, ${record.image}×${record.image}`,
    withRange(ours),
    best === null ? "–" : `${withRange(best.imagesPerSecond)}, ${best.name}`,
    best === null ? "–" : withRange(best.ratio),
    percent(roofFraction),
    javascriptFraction.length === 0 ? "–" : percent(Math.max(...javascriptFraction)),
    `${mebibytes(peakResidentBytes)} / ${best === null ? "–" : mebibytes(best.peakResidentBytes)}`,
    `[${record.case}.json](../bench/results/${record.case}.json)`,
  ];
};

const circumstances = ({ recordedAt, hardware, threads, versions, ours, loadBefore, skipped }: BenchRecord): string => {
  const names = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  const left = skipped.map(({ name, reason }) => ` ${name} was left out: ${reason}.`).join("");
  return (
    `${recordedAt.slice(0, 10)}, ${hardware.cpu}, ${threads} threads, ${ours.samples.length} rounds, ` +
    `load ${loadBefore.toFixed(1)} before; ${names.join(", ")}.${left}`
  );
};

const introduction = `# Measured results

Made by \`npm run bench\` from the records in [bench/results](../bench/results): ours and each peer in turn, each as its own process,
round by round. Rates are medians over the rounds, with the least and the largest; the ratio is that of each round. The peer is the
best of its variants. The roof is the best of several large matrix products through the same library, in the same type and the same run. JavaScript's
share of a step is the time not spent inside the library's calls, in the worst round. Peak memory is the operating system's own
figure for the whole process.
`;

/** The page; records in any order. */
export const resultsPage = (records: readonly BenchRecord[], loaderRecords: readonly LoaderRecord[] = []): string => {
  if (records.length === 0) return `${introduction}\nThere are no records yet.\n`;
  const sorted = records.toSorted((a, b) => (a.case < b.case ? -1 : 1));
  const table = [line(headings), line(headings.map(() => "---")), ...sorted.map((record) => line(row(record)))];
  const notes = sorted.map((record) => `- ${record.case}: ${circumstances(record)}`);
  return `${introduction}\n${table.join("\n")}\n\n${notes.join("\n")}\n${loaderSection(loaderRecords)}`;
};
