import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { decodeRleHybrid } from "./rle-hybrid.ts";

describe("decodeRleHybrid(bytes, width, count)", () => {
  test("reads the example of the format: 0 … 7 packed in three bits", () => {
    expect([...decodeRleHybrid(Uint8Array.of(3, 0b10001000, 0b11000110, 0b11111010), 3, 8)]).toEqual([
      0, 1, 2, 3, 4, 5, 6, 7,
    ]);
  });
  test("reads runs, of any width, and runs after one another", () => {
    expect([...decodeRleHybrid(Uint8Array.of(6, 1), 1, 3)]).toEqual([1, 1, 1]);
    expect([...decodeRleHybrid(Uint8Array.of(4, 0x39, 0x30, 2, 1, 0), 16, 3)]).toEqual([12345, 12345, 1]);
    expect([...decodeRleHybrid(new Uint8Array(0), 0, 4)]).toEqual([0, 0, 0, 0]);
  });
  test("gives no more values than were asked for, whatever a run claims", () => {
    expect(decodeRleHybrid(Uint8Array.of(0xfe, 0xff, 0xff, 0xff, 0x0f, 1), 1, 5)).toHaveLength(5);
  });
  test.each([
    [[], "it ends within a run of values"],
    [[0, 1], "a run holds no values"],
    [[3], "it ends within a run of values"],
    [[255, 255, 255, 255, 255, 255, 1], "the length of a run can't be read"],
  ])("refuses %j", (bytes, reason) => {
    expect(() => decodeRleHybrid(Uint8Array.from(bytes), 1, 9)).toThrow(reason);
  });
  test("ends on any bytes", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), fc.nat(32), fc.nat(300), (bytes, width, count) => {
        try {
          expect(decodeRleHybrid(bytes, width, count)).toHaveLength(count);
        } catch (error) {
          expect(error).toBeInstanceOf(RangeError);
        }
      }),
      { numRuns: 1000 },
    );
  });
});
