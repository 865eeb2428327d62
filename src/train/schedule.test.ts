import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { learningRateAt, type Schedule } from "./schedule.ts";

const rates = (schedule: Schedule, totalSteps: number, stepsPerEpoch = 10): number[] =>
  Array.from({ length: totalSteps }, (_, step) => learningRateAt(schedule, { step, totalSteps, stepsPerEpoch }));

const oneCycle = (fields: Partial<Schedule<"one-cycle">> = {}): Schedule<"one-cycle"> => ({
  kind: "one-cycle",
  warmup: null,
  learningRate: 0.2,
  riseFraction: 0.3,
  startDivisor: 25,
  endDivisor: 1e4,
  anneal: "cosine",
  ...fields,
});

const closeTo = (expected: readonly number[]) => expected.map((value) => expect.closeTo(value, 12));

describe("learningRateAt(schedule, position)", () => {
  test("divides by ten at each milestone, in epochs or in steps", () => {
    const schedule: Schedule = {
      kind: "step",
      learningRate: 0.1,
      factor: 0.1,
      milestones: [{ epochs: 2 }, { steps: 5 }],
      warmup: null,
    };
    expect(rates(schedule, 7, 2)).toEqual(closeTo([0.1, 0.1, 0.1, 0.1, 0.01, 0.001, 0.001]));
  });

  test("takes one-cycle through the three corners of PyTorch's OneCycleLR", () => {
    // With 10 steps and pct_start 0.3 the phases end at steps 2 and 9.
    for (const anneal of ["linear", "cosine"] as const) {
      const values = rates(oneCycle({ anneal }), 10);
      expect([values[0], values[2], values[9]]).toEqual(closeTo([0.2 / 25, 0.2, 0.2 / 25 / 1e4]));
    }
    // Half-way up at step 1 in both; (5 − 2) / 7 of the way down at step 5.
    expect(rates(oneCycle({ anneal: "linear" }), 10)[1]).toBeCloseTo((0.2 / 25 + 0.2) / 2, 12);
    expect(rates(oneCycle(), 10)[1]).toBeCloseTo((0.2 / 25 + 0.2) / 2, 12);
    const end = 0.2 / 25 / 1e4;
    expect(rates(oneCycle({ anneal: "linear" }), 10)[5]).toBeCloseTo(0.2 + (end - 0.2) * (3 / 7), 12);
    expect(rates(oneCycle(), 10)[5]).toBeCloseTo(end + ((0.2 - end) / 2) * (1 + Math.cos((Math.PI * 3) / 7)), 12);
  });

  test("begins a cosine at the rate, crosses its middle half-way, and ends one step before the final rate", () => {
    const schedule: Schedule = { kind: "cosine", learningRate: 1, finalFraction: 0.2, warmup: null };
    const values = rates(schedule, 100);
    expect([values[0], values[50]]).toEqual(closeTo([1, 0.6]));
    expect(values[99]).toBeGreaterThan(0.2);
    expect(values[99]).toBeLessThan(0.201);
  });

  test("warms up linearly to where the schedule then goes on, and a cosine begins only then", () => {
    const warmup = { span: { steps: 4 }, fromFraction: 0.1 };
    expect(rates({ kind: "constant", learningRate: 1, warmup }, 6)).toEqual(closeTo([0.1, 0.325, 0.55, 0.775, 1, 1]));
    const level = { ...warmup, rise: "constant" } as const;
    expect(rates({ kind: "constant", learningRate: 1, warmup: level }, 6)).toEqual(closeTo([0.1, 0.1, 0.1, 0.1, 1, 1]));
    const cosine = rates({ kind: "cosine", learningRate: 1, finalFraction: 0, warmup }, 8);
    expect([cosine[4], cosine[6]]).toEqual(closeTo([1, 0.5]));
  });

  const warmup = fc.option(
    fc.record({
      span: fc.oneof(fc.record({ steps: fc.integer({ min: 1, max: 9 }) }), fc.constant({ epochs: 0.5 })),
      fromFraction: fc.double({ min: 0, max: 1, noNaN: true }),
    }),
  );
  const learningRate = fc.double({ min: 1e-6, max: 10, noNaN: true });
  const unit = fc.double({ min: 0, max: 1, noNaN: true });
  const divisor = fc.double({ min: 1, max: 1e5, noNaN: true });
  const span = fc.oneof(
    fc.record({ steps: fc.integer({ min: 1, max: 50 }) }),
    fc.record({ epochs: fc.integer({ min: 1, max: 5 }) }),
  );
  const schedules: fc.Arbitrary<Schedule> = fc.oneof(
    fc.record({ kind: fc.constant("constant" as const), learningRate, warmup }),
    fc.record({ kind: fc.constant("step" as const), learningRate, warmup, factor: unit, milestones: fc.array(span) }),
    fc.record({ kind: fc.constant("cosine" as const), learningRate, warmup, finalFraction: unit }),
    fc.record({
      kind: fc.constant("one-cycle" as const),
      learningRate,
      warmup: fc.constant(null),
      riseFraction: unit,
      startDivisor: divisor,
      endDivisor: divisor,
      anneal: fc.constantFrom("linear" as const, "cosine" as const),
    }),
  );

  test("stays between 0 and the schedule's rate, rises at first and never again, for every schedule", () => {
    fc.assert(
      fc.property(schedules, fc.integer({ min: 10, max: 80 }), (schedule, totalSteps) => {
        const values = rates(schedule, totalSteps);
        const slack = 1e-12 * schedule.learningRate;
        for (const value of values) {
          expect(value).toBeGreaterThanOrEqual(0);
          expect(value).toBeLessThanOrEqual(schedule.learningRate + slack);
        }
        // A step schedule's milestone inside the warm-up lowers what the warm-up rises to; it still rises only once.
        let falling = false;
        for (let i = 1; i < values.length; i++) {
          if (values[i]! < values[i - 1]! - slack) falling = true;
          else if (falling) expect(values[i]).toBeLessThanOrEqual(values[i - 1]! + slack);
        }
      }),
      { numRuns: 500, seed: 1 },
    );
  });

  test("is a function of the step alone: a one-step training has a finite rate, too", () => {
    for (const anneal of ["linear", "cosine"] as const) expect(rates(oneCycle({ anneal }), 1)).toEqual([0.2]);
  });
});
