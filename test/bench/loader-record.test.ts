import { describe, expect, test } from "vitest";
import { feedRatio, type LoaderRecord, loaderRecordSchema } from "../../bench/loader/loader-record.ts";
import { loaderSection } from "../../bench/loader/loader-table.ts";
import { measureLoaderCase } from "../../bench/loader/measure-loader-case.ts";
import { photographs } from "../../bench/loader/photographs-folder.ts";
import { parseOptions } from "../../bench/options.ts";

const options = parseOptions(["--case", "train-resnet50-jpeg-bf16", "--rounds", "3"], 2);
const [each] = options?.loaderCases ?? [];
if (options === null || each === undefined) throw new Error("the case, with options");

const answers: Readonly<Record<string, unknown>> = {
  time: { imagesPerSecond: { median: 20 }, library: "2.6.3" },
  feed: { imagesPerSecond: 19, peakResidentBytes: 2 ** 30, workers: 2 },
  load: { imagesPerSecond: 400, peakResidentBytes: 2 ** 27, workers: 2 },
};
const called: string[] = [];
const measure = (): Promise<LoaderRecord> =>
  measureLoaderCase(each, options, {
    node: "node",
    say: () => {},
    run: async (_, args) => {
      const { task } = JSON.parse(args[1] ?? "");
      called.push(task);
      return answers[task];
    },
    about: {
      recordedAt: "2026-01-02T03:04:05.000Z",
      command: "npm run bench",
      hardware: { cpu: "a processor", cores: 2, memoryBytes: 2 ** 33 },
      loadBefore: 0,
      versions: { residual: "0.1.0" },
    },
  });

describe("measureLoaderCase(case, options, place)", () => {
  test("measures step, training and loader in turn, and records each round", async () => {
    const record = await measure();
    expect(called).toEqual(["time", "feed", "load", "time", "feed", "load", "time", "feed", "load"]);
    expect(loaderRecordSchema.parse(record)).toEqual(record);
    expect(record).toMatchObject({ step: [20, 20, 20], training: [19, 19, 19], workers: 2, photographs });
  });

  test("is a row of docs/results.md, with the ratio of each round", async () => {
    const record = { ...(await measure()), step: [20, 20, 25] };
    expect(feedRatio(record)).toEqual({ median: 0.95, min: 0.76, max: 0.95, n: 3 });
    expect(loaderSection([record])).toContain(
      "| train resnet50, bf16, batch 16, 224×224 | 19.0 (19.0–19.0) | 20.0 (20.0–25.0) | 95.0 % (76.0 %–95.0 %) | 400 | 1024 MiB |",
    );
    expect(loaderSection([])).toBe("");
  });
});

test("a case of the loader is measured by default, and by name alone", () => {
  expect(options.cases).toEqual([]);
  expect(parseOptions([], 2)?.loaderCases.map(({ dtype }) => dtype)).toEqual(["f32", "bf16"]);
  expect(parseOptions(["--case", "train-resnet20-f32"], 2)?.loaderCases).toEqual([]);
});
