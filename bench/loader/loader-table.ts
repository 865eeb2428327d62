// The part of docs/results.md on trainings from files. Pure.
import { spreadOf } from "../../src/commands/bench/spread.ts";
import { line, mebibytes, number, percent, withRange } from "../table.ts";
import { feedRatio, type LoaderRecord } from "./loader-record.ts";

const headings = [
  "case",
  "training, images/s",
  "the step alone, images/s",
  "training ÷ step",
  "loader alone, images/s",
  "peak memory",
  "record",
];

const row = (record: LoaderRecord): readonly string[] => {
  const { median, min, max } = feedRatio(record);
  return [
    `train ${record.model}, ${record.dtype}, batch ${record.batch}, ${record.image}×${record.image}`,
    withRange(spreadOf(record.training)),
    withRange(spreadOf(record.step)),
    `${percent(median)} (${percent(min)}–${percent(max)})`,
    number(spreadOf(record.loader).median),
    mebibytes(record.trainingPeakResidentBytes),
    `[${record.case}.json](../bench/results/loader/${record.case}.json)`,
  ];
};

const circumstances = ({
  case: name,
  recordedAt,
  hardware,
  threads,
  workers,
  training,
  loadBefore,
}: LoaderRecord): string =>
  `- ${name}: ${recordedAt.slice(0, 10)}, ${hardware.cpu}, ${threads} threads, ${workers} loading threads, ` +
  `${training.length} rounds, load ${loadBefore.toFixed(1)} before.`;

/** The section; nothing where there are no records. */
export const loaderSection = (records: readonly LoaderRecord[]): string => {
  const [first] = records;
  if (first === undefined) return "";
  const { count, width, height } = first.photographs;
  const introduction = `## Training from JPEG files

A folder of ${count} photographs of ${width}×${height} (drawn, with edges and textures as photographs have them, 113 kB each), random resized
crops and flips as ImageNet is trained with; beside it, in turn, the step alone on images in memory, and the loader alone. What the
training loses is what the decoders take of the cores.
`;
  const sorted = records.toSorted((a, b) => (a.case < b.case ? -1 : 1));
  const table = [line(headings), line(headings.map(() => "---")), ...sorted.map((record) => line(row(record)))];
  return `\n${introduction}\n${table.join("\n")}\n\n${sorted.map(circumstances).join("\n")}\n`;
};
