import { describe, expect, test } from "vitest";
import { checkThriftStruct } from "./check-thrift.ts";

describe("checkThriftStruct(bytes)", () => {
  test("takes structs of every type, nested, and stops at their end", () => {
    const inner = [0x15, 0x02, 0x00]; // field 1, i32: 1
    const bytes = [
      ...[0x11, 0x12], // true, false
      ...[0x13, 0x7f, 0x16, 0xff, 0x01], // byte, i64
      ...[0x17, 0, 0, 0, 0, 0, 0, 0, 0], // double
      ...[0x18, 0x02, 0x41, 0x42], // "AB"
      ...[0x19, 0x2c, ...inner, ...inner], // two structs
      ...[0x19, 0x21, 0x01, 0x02], // two booleans
      ...[0x0c, 0x40, ...inner], // field 32
      0x00,
    ];
    expect(() => checkThriftStruct(Uint8Array.of(...bytes, 0xff))).not.toThrow();
    expect(() => checkThriftStruct(Uint8Array.of(0xff, ...bytes), 1)).not.toThrow();
    for (let end = 0; end < bytes.length; end++) {
      expect(() => checkThriftStruct(Uint8Array.from(bytes.slice(0, end))), `${end} bytes`).toThrow(RangeError);
    }
  });

  test.each([
    ["a number without end", [0x16, ...Array<number>(5000).fill(0x80), 0x00, 0x00], "a number has more than 10 bytes"],
    [
      "a list of 30 million",
      [0x19, 0xfc, 0x80, 0x87, 0xa7, 0x0e, 0x00, 0x00],
      "a list claims 30000000 elements in 2 bytes",
    ],
    ["a text of 2 GiB", [0x18, 0xff, 0xff, 0xff, 0xff, 0x07, 0x00], "2147483647 bytes are claimed where 1 are left"],
    ["structs in structs", Array<number>(100).fill(0x1c), "it is more than 32 deep"],
    ["lists in lists", [0x19, ...Array<number>(100).fill(0x19)], "it is more than 32 deep"],
    ["a map", [0x1b, 0x00, 0x00], "a field is of the type 11, which Parquet doesn't have"],
  ])("refuses %s", (_, bytes, message) => {
    expect(() => checkThriftStruct(Uint8Array.from(bytes))).toThrow(new RangeError(message));
  });
});
