import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { decodeDeltaBytes, decodeDeltaLengths, decodeDeltas } from "./delta-encoding.ts";

/** Of the least block the format has: 128 values in 4 runs of 32. */
const head = (count: number): readonly number[] => [0x80, 0x01, 4, count];
const zigZag = (value: number): number => (value < 0 ? -2 * value - 1 : 2 * value);
/** Numbers as one run of `width` bits each, filled up with zeros; 33 numbers at most. */
const encoded = (values: readonly number[], width: 4 | 8 = 8): readonly number[] => {
  const [first = 0] = values;
  const deltas = values.slice(1).map((value, i) => value - values[i]!);
  if (deltas.length === 0) return [...head(values.length), zigZag(first)];
  const least = Math.min(...deltas);
  const whole = Array.from({ length: 32 }, (_, i) => (i < deltas.length ? deltas[i]! - least : 0));
  const packed = width === 8 ? whole : Array.from({ length: 16 }, (_, i) => whole[2 * i]! + 16 * whole[2 * i + 1]!);
  return [...head(values.length), zigZag(first), zigZag(least), width, 0, 0, 0, ...packed];
};
const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
const codes = (words: string): readonly number[] => [...new TextEncoder().encode(words)];

describe("decodeDeltas(bytes, count, bits)", () => {
  test("reads the format's examples: equal steps, which need no bits, and steps of −2 … 1 in two bits", () => {
    expect([...decodeDeltas(Uint8Array.of(...head(5), zigZag(1), zigZag(1), 0, 0, 0, 0), 5, 32).values]).toEqual([
      1, 2, 3, 4, 5,
    ]);
    // 7, 5, 3, 1, 2, 3, 4, 5: steps above −2 are 0, 0, 0, 3, 3, 3, 3.
    const bytes = Uint8Array.of(...head(8), zigZag(7), zigZag(-2), 2, 0, 0, 0, 0xc0, 0x3f, 0, 0, 0, 0, 0, 0, 99);
    expect([...decodeDeltas(bytes, 8, 64).values]).toEqual([7, 5, 3, 1, 2, 3, 4, 5]);
    expect(decodeDeltas(bytes, 8, 64).end).toBe(bytes.length - 1);
  });
  test("reads differences of four and of eight bits", () => {
    const values = [3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5];
    for (const width of [4, 8] as const) {
      const bytes = Uint8Array.from(encoded(values, width));
      expect([...decodeDeltas(bytes, values.length, 64).values]).toEqual(values);
    }
  });
  test("wraps sums around as the writer's integers do", () => {
    // 2³¹ − 1 and then one more.
    const bytes = Uint8Array.of(...head(2), 0xfe, 0xff, 0xff, 0xff, 0x0f, zigZag(1), 0, 0, 0, 0);
    expect([...decodeDeltas(bytes, 2, 32).values]).toEqual([2 ** 31 - 1, -(2 ** 31)]);
    expect([...decodeDeltas(bytes, 2, 64).values]).toEqual([2 ** 31 - 1, 2 ** 31]);
  });
  test.each([
    [[], 1, "it ends within its differences"],
    [[...head(5), 2, 2], 5, "it ends within its differences"],
    [[...head(5), 2, 2, 8, 0, 0, 0, 1, 2], 5, "it ends within its differences"],
    [encoded([1, 2]), 3, "it says that it holds 2 values, not 3"],
    [[0x80, 0x01, 0, 5, 2, 2], 5, "its blocks are of 128 values in 0 runs"],
    [[0, 4, 5, 2, 2], 5, "its blocks are of 0 values in 4 runs"],
    [[...head(2), 2, 2, 65, 0, 0, 0], 2, "differences of 65 bits"],
    [Array<number>(20).fill(0xff), 1, "a number has more than 10 bytes"],
  ])("refuses %j", (bytes, count, message) => {
    expect(() => decodeDeltas(Uint8Array.from(bytes), count, 32)).toThrow(new RangeError(message));
  });
});

describe("decodeDeltaLengths(bytes, count)", () => {
  test("reads lengths and then bytes", () => {
    const bytes = Uint8Array.of(...encoded([5, 0, 3]), ...codes("Helloyou"));
    expect(decodeDeltaLengths(bytes, 3).map(text)).toEqual(["Hello", "", "you"]);
  });
  test.each([
    [[9], "a value of 9 bytes ends beyond the page"],
    [[2, -1], "a value of -1 bytes ends beyond the page"],
  ])("refuses lengths %j of five bytes", (lengths, message) => {
    const bytes = Uint8Array.of(...encoded(lengths), ...codes("Hello"));
    expect(() => decodeDeltaLengths(bytes, lengths.length)).toThrow(new RangeError(message));
  });
});

describe("decodeDeltaBytes(bytes, count, largestBytes)", () => {
  const bytes = Uint8Array.of(...encoded([0, 4, 2]), ...encoded([5, 3, 0]), ...codes("blondies"));
  test("begins values as the one before", () => {
    expect(decodeDeltaBytes(bytes, 3, 14).map(text)).toEqual(["blond", "blonies", "bl"]);
  });
  test("takes no more memory than it may, and begins with no more than there is", () => {
    expect(() => decodeDeltaBytes(bytes, 3, 13)).toThrow(new RangeError("its values have more than 13 bytes"));
    const beyond = Uint8Array.of(...encoded([0, 6]), ...encoded([5, 0]), ...codes("Hello"));
    expect(() => decodeDeltaBytes(beyond, 2, 99)).toThrow(
      new RangeError("a value begins with 6 bytes of the one before, which has 5"),
    );
  });
  test("ends on any bytes", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), fc.nat(40), (damage, count) => {
        for (const bytes of [damage, Uint8Array.of(...head(count), ...damage)]) {
          try {
            expect(decodeDeltaBytes(bytes, count, 1000)).toHaveLength(count);
          } catch (error) {
            expect(error).toBeInstanceOf(RangeError);
          }
        }
      }),
    );
  });
});
