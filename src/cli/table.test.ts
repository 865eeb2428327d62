import { describe, expect, test } from "vitest";
import { left, right, tableLines } from "./table.ts";
import { formatBytes } from "./units.ts";

describe("tableLines(columns, rows)", () => {
  test("aligns words to the left and numbers to the right, without trailing spaces", () => {
    const lines = tableLines(
      [left("name"), right("size"), left("note")],
      [
        ["a", "1,000", ""],
        ["longer", "2", "x"],
      ],
    );
    expect(lines).toEqual(["name     size  note", "a       1,000", "longer      2  x"]);
  });

  test("keeps a cell on its line, whatever is in it, and aligns what is shown", () => {
    const lines = tableLines(
      [left(""), left("")],
      [
        ["cat\u001b[2J", "x"],
        ["two\nlines", "y\u202e"],
      ],
    );
    expect(lines).toEqual(["cat\\u001b[2J    x", "two\\u000alines  y\\u202e"]);
  });

  test("has no head without titles", () => {
    expect(tableLines([left(""), left("")], [["a", "b"]])).toEqual(["a  b"]);
  });
});

describe("formatBytes(bytes)", () => {
  test("takes the unit that leaves at most four digits", () => {
    expect([40, 2048, 123_456, 153_032_768, 5 * 2 ** 30].map(formatBytes)).toEqual([
      "40 B",
      "2 KiB",
      "121 KiB",
      "146 MiB",
      "5 GiB",
    ]);
  });
});
