// Curves, pictures and histograms read back by a reader in Python that shares no code with the writer: TFRecord framing with its CRCs,
// and protocol buffers by the field numbers of tensorboard's event.proto and summary.proto (read-events.test.py).
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import sharp from "sharp";
import { expect, test } from "vitest";
import { openEventLog } from "./event-log.ts";
import { histogramOf } from "./histogram.ts";

const reader = fileURLToPath(new URL("../../../../src/commands/run-directory/read-events.test.py", import.meta.url));
const hasPython = (() => {
  try {
    execFileSync("python3", ["-c", "0"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
})();

test("histogramOf(values) counts finite numbers in buckets that reach from the least to the largest", () => {
  const found = histogramOf([0, 1, 2, 3, Number.NaN, 30, Number.POSITIVE_INFINITY]);
  expect(found).toMatchObject({ min: 0, max: 30, count: 5, sum: 36, sumOfSquares: 914 });
  expect(found?.limits).toEqual(Array.from({ length: 30 }, (_, i) => i + 1));
  expect(found?.counts).toEqual([1, 1, 1, 1, ...new Array(25).fill(0), 1]);
  expect(histogramOf([2, 2])).toEqual({
    min: 2,
    max: 2,
    count: 2,
    sum: 4,
    sumOfSquares: 8,
    limits: [2],
    counts: [2],
  });
  expect(histogramOf([Number.NaN])).toBeNull();
});

test.skipIf(!hasPython)(
  "an independent reader finds curves, pictures and histograms as they were written",
  async () => {
    const folder = mkdtempSync(join(tmpdir(), "residual-events-"));
    try {
      const path = join(folder, "events.out.tfevents");
      const log = openEventLog(path, -1, () => 1_700_000_000_500);
      const png = new Uint8Array(
        await sharp({ create: { width: 5, height: 3, channels: 3, background: "#336699" } })
          .png()
          .toBuffer(),
      );
      const large = 2 ** 40 + 300;
      const histogram = histogramOf([-1.5, 0, 0.25, 4.5]);
      if (histogram === null) throw new Error("there are numbers");
      log.append(0, { "train/loss": 0.1, größe: -2 });
      log.appendImage(0, "train/first batch", { width: 5, height: 3, png });
      log.appendHistograms(large, new Map([["weights/conv1.weight", histogram]]));
      log.close();
      const events: unknown = JSON.parse(execFileSync("python3", [reader, path], { encoding: "utf8" }));
      const at = { wall_time: 1_700_000_000.5 };
      expect(events).toEqual([
        { ...at, step: 0, file_version: "brain.Event:2", values: [] },
        {
          ...at,
          step: 0,
          values: [
            { tag: "train/loss", simple_value: Math.fround(0.1) },
            { tag: "größe", simple_value: -2 },
          ],
        },
        {
          ...at,
          step: 0,
          values: [
            {
              tag: "train/first batch",
              image: { height: 3, width: 5, colorspace: 3, png: Buffer.from(png).toString("hex") },
            },
          ],
        },
        {
          ...at,
          step: large,
          values: [
            {
              tag: "weights/conv1.weight",
              histo: {
                min: -1.5,
                max: 4.5,
                num: 4,
                sum: 3.25,
                sum_squares: 2.25 + 0.0625 + 20.25,
                bucket_limit: [...histogram.limits],
                bucket: [...histogram.counts],
              },
            },
          ],
        },
      ]);
      expect(histogram.counts.reduce((sum, count) => sum + count, 0)).toBe(4);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  },
);
