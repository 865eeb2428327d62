import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { FormatError } from "../../base/errors.ts";
import { metricsBytesUpTo, metricsRecords, openMetricsLog } from "./metrics-log.ts";

let directory = "";
let path = "";
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "residual-metrics-"));
  path = join(directory, "metrics.jsonl");
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

describe("openMetricsLog(path, step)", () => {
  test("writes one JSON object a line, at once", () => {
    const log = openMetricsLog(path, -1);
    log.append({ step: 1, event: "step", loss: 2.5 });
    expect(readFileSync(path, "utf8")).toBe('{"step":1,"event":"step","loss":2.5}\n');
    log.append({ step: 2, loss: Number.NaN });
    expect(readFileSync(path, "utf8")).toBe('{"step":1,"event":"step","loss":2.5}\n{"step":2,"loss":null}\n');
    log.close();
  });

  test("cuts back to a step, torn last line included, and goes on from there", () => {
    writeFileSync(path, '{"step":1}\n{"step":2}\n{"step":2,"epoch":1}\n{"step":3}\n{"step":4,"lo');
    const log = openMetricsLog(path, 2);
    expect(log.droppedBytes).toBe('{"step":3}\n{"step":4,"lo'.length);
    log.append({ step: 3, again: true });
    log.close();
    expect(readFileSync(path, "utf8")).toBe('{"step":1}\n{"step":2}\n{"step":2,"epoch":1}\n{"step":3,"again":true}\n');
  });
});

describe("metricsBytesUpTo(content, step, file)", () => {
  const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

  test("tolerates a last line that is torn at any byte", () => {
    const whole = '{"step":1}\n{"step":2,"name":"ü"}\n';
    for (let length = 11; length < bytes(whole).length; length++) {
      expect(metricsBytesUpTo(bytes(whole).subarray(0, length), 9, "m")).toBe(11);
    }
  });

  test.each(["}\n", "[1]\n", "null\n", '{"loss":1}\n', '{"step":"1"}\n', "\n"])("refuses the line %j", (line) => {
    expect(() => metricsBytesUpTo(bytes(`{"step":1}\n${line}{"step":2}\n`), 9, "metrics.jsonl")).toThrow(
      new FormatError("metrics.jsonl", "line 2 should be a JSON object with a step", 11),
    );
  });
});

describe("metricsRecords(content, file)", () => {
  test("gives the records for reports", () => {
    const content = new TextEncoder().encode('{"step":1,"loss":2}\n{"step":2,"loss":1}\n{"st');
    expect([...metricsRecords(content, "m")].map(({ record }) => record)).toEqual([
      { step: 1, loss: 2 },
      { step: 2, loss: 1 },
    ]);
  });
});
