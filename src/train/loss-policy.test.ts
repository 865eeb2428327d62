import { describe, expect, test } from "vitest";
import { judgeLoss, lossCourseAtRest, median, startingLossCourse } from "./loss-policy.ts";
import { recipe } from "./parse-recipe.ts";
import { fields } from "./train.test.fixture.ts";

const watching = recipe({ ...fields, onSpike: { factor: 3, window: 4 } });

test("median(values) is the middle, or the mean of the two in the middle", () => {
  expect([median([3, 1, 2]), median([4, 1, 3, 2]), median([7])]).toEqual([2, 2.5, 7]);
});

describe("judgeLoss(loss, course, recipe)", () => {
  test("looks for spikes once it knows a window of good losses, and does not remember bad ones", () => {
    const course = startingLossCourse();
    for (const loss of [100, 1, 1, 2]) expect(judgeLoss(loss, course, watching)).toBeNull();
    expect(judgeLoss(4.6, course, watching)).toEqual({ reason: "spike", loss: 4.6, threshold: 4.5 });
    expect(judgeLoss(Number.NaN, course, watching)).toEqual({
      reason: "non-finite",
      loss: Number.NaN,
      threshold: null,
    });
    expect(course.recentLosses).toEqual([100, 1, 1, 2]);
    expect(judgeLoss(4.5, course, watching)).toBeNull();
    expect(course.recentLosses).toEqual([1, 1, 2, 4.5]);
  });

  test("without onSpike remembers nothing and minds finite losses never", () => {
    const course = startingLossCourse();
    expect(judgeLoss(1e30, course, recipe(fields))).toBeNull();
    expect(course.recentLosses).toEqual([]);
  });

  test("goes on from a checkpoint's counters with the very same numbers", () => {
    const course = { skippedSteps: 3, skippedInARow: 1, epochSkipped: 2, recentLosses: [0.1, 1 / 3, 2 ** -40] };
    const texts = Object.entries(lossCourseAtRest(course)).map(([name, value]) => [name, Number(String(value))]);
    expect(startingLossCourse(Object.fromEntries(texts))).toEqual(course);
    expect(startingLossCourse({})).toEqual({ skippedSteps: 0, skippedInARow: 0, epochSkipped: 0, recentLosses: [] });
  });
});

test.each([
  [
    { onNonFinite: { skip: 0 } },
    "tiny: onNonFinite.skip should be a whole number of at least 1 step in a row but is 0",
  ],
  [{ onNonFinite: "go on" }, 'tiny: onNonFinite should be "stop" but is "go on"'],
  [
    { onSpike: { factor: 1 } },
    "tiny: onSpike.factor should be a number above 1, of the median of the last losses but is 1",
  ],
  [{ onSpike: { window: 2 } }, "tiny: onSpike.window should be a whole number of at least 4 batches but is 2"],
])("a recipe with %j is refused", async (change, message) => {
  const { parseRecipe } = await import("./parse-recipe.ts");
  expect(() => parseRecipe({ ...fields, ...change }, "tiny")).toThrow(message);
});
