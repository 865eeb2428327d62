import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { compare, recordSchema } from "../../bench/record.ts";
import { readLoaderRecords, readRecords, recordsFolder, resultsFile } from "../../bench/records-folder.ts";
import { resultsPage } from "../../bench/results-page.ts";
import { exampleRecord } from "./record.fixture.ts";

describe("compare(record)", () => {
  test("takes the peer with the best median, and the ratio of each round", () => {
    const { ours, best, roofFraction, peakResidentBytes } = compare(exampleRecord);
    expect(ours).toEqual({ median: 200, min: 190, max: 210, n: 3 });
    expect(best?.name).toBe("fast");
    expect(best?.ratio).toEqual({ median: 2, min: 0.95, max: 2.1, n: 3 });
    expect(roofFraction).toBe((200 * 0.5) / 200);
    expect(peakResidentBytes).toBe(3 * 2 ** 20);
  });

  test("has no best peer where none could be run", () => {
    expect(compare({ ...exampleRecord, peers: [] }).best).toBeNull();
  });
});

describe("recordSchema", () => {
  test("takes a record as it is written, and nothing with a field too many or too few", () => {
    expect(recordSchema.parse(JSON.parse(JSON.stringify(exampleRecord)))).toEqual(exampleRecord);
    expect(recordSchema.safeParse({ ...exampleRecord, note: "by hand" }).success).toBe(false);
    const { hardware, ...without } = exampleRecord;
    expect(hardware.cores).toBe(2);
    expect(recordSchema.safeParse(without).success).toBe(false);
  });
});

describe("resultsPage(records)", () => {
  test("has a line for each record: rates with their range, ratio, roof, memory, and what was left out", () => {
    const page = resultsPage([exampleRecord]);
    expect(page).toContain(
      "| train resnet20, f32, batch 128, 32×32 | 200 (190–210) | 100 (100–200), fast | 2.00 (0.95–2.10) | 50.0 % | 1.2 % " +
        "| 3 MiB / 3 MiB | [train-example-f32.json](../bench/results/train-example-f32.json) |",
    );
    expect(page).toContain(
      "- train-example-f32: 2026-01-02, a processor, 2 threads, 3 rounds, load 0.0 before; residual 0.1.0, node 20.9.0. " +
        "absent was left out: No module named 'absent'.",
    );
    expect(resultsPage([])).toContain("There are no records yet.");
  });

  test("docs/results.md is the page of the records in bench/results", () => {
    expect(readFileSync(resultsFile, "utf8")).toBe(
      resultsPage(readRecords(recordsFolder), readLoaderRecords(recordsFolder)),
    );
  });
});
