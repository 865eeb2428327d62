import { describe, expect, test } from "vitest";
import { printableLines } from "./printable-lines.ts";

describe("printableLines(text)", () => {
  test("shows what a terminal would obey, and keeps the lines", () => {
    expect(printableLines("error: \u001b[31mred\u0007\r\n    at größe \u009b2J")).toBe(
      "error: \\u001b[31mred\\u0007\\u000d\n    at größe \\u009b2J",
    );
  });
});
