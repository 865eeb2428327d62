import koffi from "koffi";
import { describe, expect, test } from "vitest";
import { viewNative } from "./view-native.ts";

// The C library's own allocator; pages that are never touched cost nothing.
const libc = koffi.load(null);
const malloc: (bytes: number) => unknown = libc.func("void *malloc(size_t bytes)");
const free: (pointer: unknown) => unknown = libc.func("void free(void *pointer)");

const gibibyte = 2 ** 30;

describe("viewNative(address, bytes)", () => {
  test("shows memory larger than an ArrayBuffer can be, the same bytes through every window", () => {
    const pointer = malloc(7 * gibibyte);
    expect(pointer).not.toBeNull();
    try {
      const { array } = viewNative(BigInt(koffi.address(pointer)), 7 * gibibyte);
      // Elements on both sides of each window's beginning, and the last of all.
      for (const place of [0, 2 * gibibyte - 4, 2 * gibibyte, 4 * gibibyte - 4, 4 * gibibyte, 7 * gibibyte - 8]) {
        array("f32", place, 2).set([place / gibibyte, -1]);
        expect([...array("f32", place, 2)]).toEqual([Math.fround(place / gibibyte), -1]);
      }
      // The long array begins in the first window, the short one lies in the second.
      array("i32", 3 * gibibyte, 1)[0] = 77;
      expect(array("i32", gibibyte, gibibyte / 2 + 1).at(-1)).toBe(77);
      // Longer than any window leaves room for.
      expect(array("f32", 2 * gibibyte - 4, gibibyte)[1]).toBe(2);
    } finally {
      free(pointer);
    }
  });

  test("refuses what lies outside", () => {
    const pointer = malloc(64);
    try {
      const { array } = viewNative(BigInt(koffi.address(pointer)), 64);
      expect(array("f64", 56, 1)).toHaveLength(1);
      expect(() => array("f64", 60, 1)).toThrow("internal error: 1 elements at 60 of 64 bytes");
    } finally {
      free(pointer);
    }
  });
});
