import { expect, test } from "vitest";
import { createPixelBudget } from "./decoding-memory.ts";

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
