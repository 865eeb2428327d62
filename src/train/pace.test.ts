import { describe, expect, test } from "vitest";
import { createPace } from "./pace.ts";

describe("createPace(batch)", () => {
  test("counts images of the last twenty steps, and overall of all steps but the first", () => {
    const pace = createPace(10);
    expect([pace.imagesPerSecond(), pace.overallImagesPerSecond(), pace.secondsLeft(5, 0)]).toEqual([0, 0, 0]);
    pace.stepTook(1000);
    expect([pace.imagesPerSecond(), pace.overallImagesPerSecond()]).toEqual([10, 10]);
    for (let i = 0; i < 20; i++) pace.stepTook(100);
    expect([pace.imagesPerSecond(), pace.overallImagesPerSecond()]).toEqual([100, 100]);
    pace.stepTook(100 + 20 * 100);
    expect(pace.imagesPerSecond()).toBeCloseTo(50, 9);
    expect(pace.overallImagesPerSecond()).toBeCloseTo((21 * 10) / 4.1, 9);
  });

  test("forgets how long steps took when images have another size, but not overall", () => {
    const pace = createPace(10);
    for (let i = 0; i < 3; i++) pace.stepTook(1000);
    pace.sizeChanged();
    expect([pace.imagesPerSecond(), pace.secondsLeft(5, 0)]).toEqual([0, 0]);
    pace.stepTook(4000);
    expect([pace.imagesPerSecond(), pace.overallImagesPerSecond(), pace.secondsLeft(5, 0)]).toEqual([2.5, 5, 20]);
  });

  test("adds the evaluations that are still to come to the time left, each as long as the last", () => {
    const pace = createPace(10);
    pace.stepTook(500);
    pace.evaluationTook(9000);
    pace.evaluationTook(3000);
    expect(pace.secondsLeft(4, 2)).toBe(4 * 0.5 + 2 * 3);
  });
});
