import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { FormatError } from "../base/errors.ts";
import { encodeIdx } from "./idx.test.fixture.ts";
import { readIdx, readIdxBytes, readIdxHeader } from "./idx.ts";

const bytesOf = (...values: number[]): Uint8Array => Uint8Array.from(values);

describe("readIdx(file, bytes)", () => {
  test("gives back what was written, whatever the shape", () => {
    const shapes = fc.array(fc.integer({ min: 0, max: 5 }), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(shapes, fc.infiniteStream(fc.integer({ min: 0, max: 255 })), (shape, stream) => {
        const count = shape.reduce((a, b) => a * b, 1);
        const elements = Uint8Array.from({ length: count }, () => stream.next().value);
        expect(readIdx("f", encodeIdx(shape, elements))).toEqual({ type: "u8", shape, data: elements });
      }),
    );
  });

  test("reads each element type in big-endian order", () => {
    const one = [0, 0, 0, 1];
    expect(readIdx("f", bytesOf(0, 0, 0x09, 1, ...one, 0xfe)).data).toEqual(Int8Array.of(-2));
    expect(readIdx("f", bytesOf(0, 0, 0x0b, 1, ...one, 0xff, 0x02)).data).toEqual(Int16Array.of(-254));
    expect(readIdx("f", bytesOf(0, 0, 0x0c, 1, ...one, 0, 1, 0, 2)).data).toEqual(Int32Array.of(65538));
    expect(readIdx("f", bytesOf(0, 0, 0x0d, 1, ...one, 0x3f, 0xc0, 0, 0)).data).toEqual(Float32Array.of(1.5));
    expect(readIdx("f", bytesOf(0, 0, 0x0e, 1, ...one, 0x3f, 0xf8, 0, 0, 0, 0, 0, 0)).data).toEqual(
      Float64Array.of(1.5),
    );
  });

  test("reads bytes that start anywhere in their buffer", () => {
    const file = encodeIdx([3], [7, 8, 9]);
    const inside = new Uint8Array(file.length + 5);
    inside.set(file, 3);
    expect([...readIdx("f", inside.subarray(3, 3 + file.length)).data]).toEqual([7, 8, 9]);
  });

  test.each([
    ["nothing", bytesOf(), "f: an IDX file starts with 4 bytes but this one holds 0 (at byte 0)"],
    [
      "a PNG",
      bytesOf(0x89, 0x50, 0x4e, 0x47),
      "f: an IDX file starts with two zero bytes but this one with 0x89 0x50; is it one? (at byte 0)",
    ],
    [
      "an unknown element type",
      bytesOf(0, 0, 0x0a, 1),
      "f: unknown IDX element type 0x0a; known are 0x08, 0x09, 0x0b, 0x0c, 0x0d, 0x0e (at byte 2)",
    ],
    ["no dimension", bytesOf(0, 0, 8, 0), "f: an IDX file has at least one dimension but this one has 0 (at byte 3)"],
    [
      "half a header",
      bytesOf(0, 0, 8, 3, 0, 0),
      "f: the header of 3 dimensions takes 16 bytes but the file ends after 6; it is truncated (at byte 6)",
    ],
    [
      "too few elements",
      encodeIdx([2, 3], [1, 2, 3, 4, 5]),
      "f: u8 [2, 3] takes 18 bytes but the file holds 17; it is truncated (at byte 17)",
    ],
    [
      "too many elements",
      encodeIdx([2], [1, 2, 3]),
      "f: u8 [2] takes 10 bytes but the file holds 11; it is longer than its header says (at byte 10)",
    ],
    [
      "sizes beyond any memory",
      encodeIdx([0xffffffff, 0xffffffff, 0xffffffff], []),
      `f: u8 [4294967295, 4294967295, 4294967295] takes ${16 + 0xffffffff ** 3} bytes but the file holds 16; it is truncated (at byte 16)`,
    ],
  ])("refuses %s", (_, bytes, message) => {
    expect(() => readIdx("f", bytes)).toThrow(FormatError);
    expect(() => readIdx("f", bytes)).toThrow(message);
  });

  test("refuses every truncation", () => {
    const file = encodeIdx([3, 4, 5], new Uint8Array(60));
    for (let length = 0; length < file.length; length++) {
      expect(() => readIdx("f", file.subarray(0, length))).toThrow(FormatError);
    }
  });

  test("reads or refuses any bytes, and never holds more than it was given", () => {
    const flips = fc.array(fc.tuple(fc.nat(75), fc.nat(255)), { minLength: 1, maxLength: 6 });
    const flipped = flips.map((list) => {
      const file = encodeIdx([3, 4, 5], new Uint8Array(60));
      for (const [at, mask] of list) file[at]! ^= mask;
      return file;
    });
    const noise = fc.uint8Array({ maxLength: 64 }).map((tail) => Uint8Array.from([0, 0, ...tail]));
    fc.assert(
      fc.property(fc.oneof(flipped, noise, fc.uint8Array({ maxLength: 64 })), (bytes) => {
        try {
          expect(readIdx("f", bytes).data.byteLength).toBeLessThanOrEqual(bytes.length);
        } catch (error) {
          expect(error).toBeInstanceOf(FormatError);
        }
      }),
      { numRuns: 3000 },
    );
  });
});

describe("readIdxHeader(file, bytes)", () => {
  test("says how long the file has to be, from its header alone", () => {
    expect(readIdxHeader("f", encodeIdx([60000, 28, 28], []))).toEqual({
      type: "u8",
      shape: [60000, 28, 28],
      headerBytes: 16,
      fileBytes: 47_040_016,
    });
  });
});

describe("readIdxBytes(file, bytes, rank)", () => {
  test("refuses another rank", () => {
    expect(() => readIdxBytes("f", encodeIdx([2], [1, 2]), 3)).toThrow(
      "f: should have 3 dimensions but has 1: [2] (at byte 3)",
    );
  });
  test("refuses another element type", () => {
    expect(() => readIdxBytes("f", encodeIdx([2], [1, 2], 0x09), 1)).toThrow(
      "f: should hold unsigned bytes (u8, 0x08) but holds i8 (at byte 2)",
    );
  });
});
