import { expect, test } from "vitest";
import type { Program } from "../../engine/contract.ts";
import { quantile, timeLatency } from "./time-latency.ts";

/** Each run takes as many milliseconds as the list says, over and over. */
const clockwork = (durationsMs: readonly number[]) => {
  let time = 0;
  let runs = 0;
  const program: Program = {
    run: async () => {
      time += durationsMs[runs++ % durationsMs.length] ?? 0;
      return {};
    },
    memory: { placements: [], arenaBytes: 0, lowerBoundBytes: 0 },
    implementations: [],
    dispose: async () => {},
  };
  return { program, now: () => time, runs: () => runs };
};

test("timeLatency tells median and 95th of a hundred of single runs, after a warm-up", async () => {
  const { program, now, runs } = clockwork([10, 10, 10, 10, 10, 10, 10, 10, 10, 30]);
  const latency = await timeLatency(program, {}, { seconds: 1.2, now });
  expect(latency).toEqual({ median: 10, p95: 30, n: runs() - 3 });
  expect(latency.n).toBeGreaterThanOrEqual(100);
});

test("timeLatency runs twenty times where they take long, but no longer than five times the time", async () => {
  const slow = clockwork([100]);
  expect((await timeLatency(slow.program, {}, { seconds: 0.5, now: slow.now })).n).toBe(20);
  const slower = clockwork([1000]);
  expect((await timeLatency(slower.program, {}, { seconds: 0.5, now: slower.now })).n).toBe(3);
});

test("quantile(values, q) is the smallest value that a fraction q doesn't exceed", () => {
  const hundred = Array.from({ length: 100 }, (_, i) => 100 - i);
  expect(quantile(hundred, 0.95)).toBe(95);
  expect(quantile([7], 0.95)).toBe(7);
  expect(quantile([], 0.5)).toBeNaN();
});
