import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { arenaAlignment, type Interval, planMemory } from "./memory.ts";

const intervals = fc
  .array(
    fc.tuple(fc.integer({ min: 0, max: 5000 }), fc.integer({ min: 0, max: 40 }), fc.integer({ min: 0, max: 40 })),
    {
      maxLength: 60,
    },
  )
  .map((rows) =>
    rows.map(([bytes, a, b], i): Interval => ({ name: `v${i}`, bytes, first: Math.min(a, b), last: Math.max(a, b) })),
  );

/** Re-simulates the run: at every step each byte of the arena belongs to at most one live value. */
const findOverlap = (plan: ReturnType<typeof planMemory>): string | null => {
  const end = Math.max(0, ...plan.placements.map(({ last }) => last));
  for (let step = 0; step <= end; step++) {
    const live = plan.placements
      .filter(({ first, last, bytes }) => first <= step && step <= last && bytes > 0)
      .sort((a, b) => a.offset - b.offset);
    for (let i = 1; i < live.length; i++) {
      const [lower, upper] = [live[i - 1]!, live[i]!];
      if (lower.offset + lower.bytes > upper.offset) return `step ${step}: ${lower.name} and ${upper.name}`;
    }
  }
  return null;
};

describe("planMemory(intervals)", () => {
  test("never gives two live values the same byte, and reports an arena that holds them all", () => {
    fc.assert(
      fc.property(intervals, (rows) => {
        const plan = planMemory(rows);
        expect(findOverlap(plan)).toBeNull();
        expect(plan.placements.map(({ name }) => name).sort()).toEqual(rows.map(({ name }) => name).sort());
        for (const { offset, bytes } of plan.placements) {
          expect(offset % arenaAlignment).toBe(0);
          expect(offset + bytes).toBeLessThanOrEqual(plan.arenaBytes);
        }
        expect(plan.arenaBytes).toBeGreaterThanOrEqual(plan.lowerBoundBytes);
      }),
      { numRuns: 300, seed: 1 },
    );
  });

  test("shares memory between values that are never alive together", () => {
    const plan = planMemory([
      { name: "a", bytes: 128, first: 0, last: 1 },
      { name: "b", bytes: 64, first: 1, last: 2 },
      { name: "c", bytes: 128, first: 2, last: 3 },
    ]);
    expect(plan.arenaBytes).toBe(192);
    expect(plan.lowerBoundBytes).toBe(192);
  });

  test("needs nothing for nothing", () => {
    expect(planMemory([])).toEqual({ placements: [], arenaBytes: 0, lowerBoundBytes: 0 });
  });
});
