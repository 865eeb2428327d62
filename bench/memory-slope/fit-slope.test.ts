import { expect, test } from "vitest";
import { randomPurposes, randomStream } from "../../src/base/philox.ts";
import { fitSlope } from "./fit-slope.ts";

const second = (seconds: number, mebibytes: number) => ({ seconds, mebibytes });

test("fitSlope(samples) finds the slope of a line exactly", () => {
  const { perHour, interval, samples } = fitSlope(Array.from({ length: 200 }, (_, i) => second(i, 100 + i / 3600)));
  expect(perHour).toBeCloseTo(1, 9);
  expect(interval[1] - interval[0]).toBeLessThan(1e-6);
  expect(samples).toBe(200);
});

test("fitSlope(samples) has an interval that holds the true slope in about 95 of 100 noisy series", () => {
  const random = randomStream(3, randomPurposes.synthetic, 0, 0);
  let held = 0;
  for (let series = 0; series < 200; series++) {
    const samples = Array.from({ length: 100 }, (_, i) => second(i, 100 + (5 * i) / 3600 + random.normal()));
    const { interval } = fitSlope(samples);
    if (interval[0] <= 5 && 5 <= interval[1]) held++;
  }
  // Binomial(200, 0.95): mean 190, deviation 3.1; four deviations either way.
  expect(held).toBeGreaterThan(177);
  expect(held).toBeLessThan(200);
});

test("fitSlope(samples) refuses fewer samples than make blocks", () => {
  expect(() => fitSlope([second(0, 1)])).toThrow("1 samples fill 20 blocks of two");
});
