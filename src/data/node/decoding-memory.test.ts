import { describe, expect, test } from "vitest";
import { createPixelBudget, decodingBytes, largestOf, loaderDecodingBytes, mostBytesAhead } from "./decoding-memory.ts";

test("createPixelBudget(total) runs jobs side by side within the total, in order, larger ones than it alone, and frees what failed", async () => {
  const budget = createPixelBudget(10);
  let held = 0;
  let most = 0;
  const order: number[] = [];
  const job = (pixels: number) =>
    budget.take(pixels, async () => {
      order.push(pixels);
      held += pixels;
      most = Math.max(most, Math.min(held, 10));
      const together = held;
      await new Promise((resolve) => setTimeout(resolve, 1));
      held -= pixels;
      if (pixels === 7) throw new Error("damaged");
      return together;
    });
  const results = await Promise.allSettled([job(4), job(6), job(7), job(99), job(1), job(2)]);
  expect(order).toEqual([4, 6, 7, 99, 1, 2]);
  expect(results.map((result) => (result.status === "fulfilled" ? result.value : String(result.reason)))).toEqual([
    4,
    10,
    "Error: damaged",
    99, // alone
    1,
    3,
  ]);
  expect(most).toBe(10);
});

test("decodingBytes(pixels, format, isWhole) grows with the pixels; what has to be held whole takes more, and what isn't known the most", () => {
  expect(decodingBytes(1000, "jpeg", false)).toBe(3500);
  expect(decodingBytes(1000, "jpeg", true)).toBe(6500);
  expect(decodingBytes(1000, "jxl", false)).toBe(decodingBytes(1000, "avif", false));
});

test("largestOf(pictures) is the one that takes the most memory, whatever its pixels", () => {
  const [one, other] = [
    { pixels: 10, decodingBytes: 35 },
    { pixels: 5, decodingBytes: 100 },
  ];
  expect(largestOf([one, other, one])).toBe(other);
  expect(largestOf([])).toBeNull();
});

describe("loaderDecodingBytes(largest, workers, slots)", () => {
  test("counts small pictures as often as workers have batches to prepare", () => {
    expect(loaderDecodingBytes({ pixels: 250_000, decodingBytes: 10 ** 6 }, 2, 4)).toBe(
      2 * mostBytesAhead + 4 * 10 ** 6,
    );
    expect(loaderDecodingBytes({ pixels: 250_000, decodingBytes: 10 ** 6 }, 3, 5)).toBe(
      3 * mostBytesAhead + 6 * 10 ** 6,
    );
    expect(loaderDecodingBytes({ pixels: 250_000, decodingBytes: 10 ** 6 }, 0, 1)).toBe(10 ** 6);
  });

  test("counts one huge picture a worker, and another that waits to be cut", () => {
    const huge = { pixels: 48_000_000, decodingBytes: 3.5 * 48_000_000 };
    expect(loaderDecodingBytes(huge, 2, 4)).toBe(2 * (mostBytesAhead + huge.decodingBytes + 3 * huge.pixels));
    // As many orders as there is room for: none waits.
    expect(loaderDecodingBytes({ ...huge, pixels: 16_000_000 }, 2, 4)).toBe(
      2 * mostBytesAhead + 4 * huge.decodingBytes,
    );
  });
});
