import { describe, expect, test } from "vitest";
import { FormatError } from "../../base/errors.ts";
import { csvLine, parseCsv } from "./csv.ts";

describe("csvLine(fields) and parseCsv(text)", () => {
  test("give back commas, quotes, line breaks and empty fields", () => {
    const fields = ["a,b", 'say "x"', "two\r\nlines", "", "ü"];
    expect(csvLine(fields)).toBe('"a,b","say ""x""","two\r\nlines",,ü\r\n');
    expect(parseCsv(csvLine(fields) + csvLine(["1", ""]), "t.csv")).toEqual([fields, ["1", ""]]);
  });

  test("read LF, a byte-order mark, and a last line without an end", () => {
    expect(parseCsv("\uFEFFa,b\n1,2", "t.csv")).toEqual([
      ["a", "b"],
      ["1", "2"],
    ]);
  });

  test("refuse quotes that make no sense", () => {
    expect(() => parseCsv('a,"b', "t.csv")).toThrow(
      new FormatError("t.csv", "a quote that is opened in record 1 is never closed"),
    );
    expect(() => parseCsv('"a"b', "t.csv")).toThrow(
      new FormatError("t.csv", 'record 1 has "b" behind a closing quote'),
    );
  });
});
