import { describe, expect, test } from "vitest";
import { binSteps, pointsPerBin } from "./binned-steps.ts";

const point = (step: number, loss: number, accuracy: number | null = null) => ({
  step,
  epoch: 1,
  loss,
  accuracy,
  learningRate: step / 10,
});

describe("binSteps(curves, size)", () => {
  test("takes means of consecutive steps and keeps their lowest and highest loss", () => {
    const bins = binSteps([point(1, 4, 0.5), point(2, 2), point(3, 1, 1)], 2);
    expect(bins).toEqual([
      { step: 1.5, loss: 3, lowestLoss: 2, highestLoss: 4, accuracy: 0.5, learningRate: expect.closeTo(0.15) },
      { step: 3, loss: 1, lowestLoss: 1, highestLoss: 1, accuracy: 1, learningRate: 0.3 },
    ]);
  });

  test("leaves out losses that are not finite", () => {
    expect(binSteps([point(1, 1), point(2, Number.NaN), point(3, Number.POSITIVE_INFINITY)], 2)).toHaveLength(1);
  });
});

describe("pointsPerBin(points, bins)", () => {
  test("keeps short curves whole and long ones within the number of bins", () => {
    expect(pointsPerBin(160, 160)).toBe(1);
    expect(pointsPerBin(161, 160)).toBe(2);
    expect(pointsPerBin(0, 160)).toBe(1);
  });
});
