import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { decompressSnappy } from "./snappy.ts";

describe("decompressSnappy(bytes, length)", () => {
  test("reads literals, copies of all three kinds, and copies that repeat themselves", () => {
    // "abcd" as a literal; a copy of 4 from 4 back (1-byte offset); of 8 from 1 back, overlapping (2 bytes); of 2 from 16 back (4 bytes).
    const bytes = Uint8Array.of(
      18,
      (4 - 1) << 2,
      97,
      98,
      99,
      100,
      1,
      4,
      ((8 - 1) << 2) | 2,
      1,
      0,
      ((2 - 1) << 2) | 3,
      16,
      0,
      0,
      0,
    );
    expect(new TextDecoder().decode(decompressSnappy(bytes, 18))).toBe("abcdabcdddddddddab");
  });
  test("reads literals whose length takes bytes of its own", () => {
    const contents = Uint8Array.from({ length: 300 }, (_, i) => i % 251);
    expect(decompressSnappy(Uint8Array.of(0xac, 2, 61 << 2, 299 & 255, 299 >> 8, ...contents), 300)).toEqual(contents);
  });
  test.each([
    [[], "its length can't be read"],
    [[255, 255, 255, 255, 255, 255], "its length can't be read"],
    [[5, 0, 1], "it says that it holds 5 bytes, not 3"],
    [[3, 0, 1], "it holds 1 bytes, not 3"],
    [[3, 8, 1], "a literal is too long"],
    [[3, 63 << 2, 255, 255, 255, 255, 1], "a literal is too long"],
    [[3, 0, 1, 1, 2], "a copy leads nowhere"],
    [[3, 0, 1, 2], "it ends within an element"],
    [[3, 0, 1, (60 << 2) | 2, 1, 0], "a copy leads nowhere"],
  ])("refuses %j", (bytes, reason) => {
    expect(() => decompressSnappy(Uint8Array.from(bytes), 3)).toThrow(`the Snappy data is damaged: ${reason}`);
  });
  test("ends on any bytes", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.nat(400), (bytes, length) => {
        try {
          expect(decompressSnappy(bytes, length).length).toBe(length);
        } catch (error) {
          expect(error).toBeInstanceOf(RangeError);
        }
      }),
      { numRuns: 1000 },
    );
  });
});
