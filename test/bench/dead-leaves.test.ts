import { describe, expect, test } from "vitest";
import { openDeadLeaves } from "../../bench/loader/dead-leaves.ts";

describe("openDeadLeaves(seed, width, height)", () => {
  const draw = openDeadLeaves(1, 40, 30);

  test("draws the same picture for the same seed and number, and another for another", () => {
    const third = draw(3);
    expect(third.bytes).toHaveLength(40 * 30 * 3);
    expect(draw(4).bytes).not.toEqual(third.bytes);
    expect(draw(3)).toEqual(third);
  });

  test("fills the range of brightness, with edges and texture", () => {
    const { bytes } = draw(0);
    const steps = bytes.slice(3).map((value, i) => Math.abs(value - bytes[i]!));
    const mean = steps.reduce((sum, value) => sum + value, 0) / steps.length;
    expect(mean).toBeGreaterThan(3);
    expect(mean).toBeLessThan(40); // white noise of this range would have 80
    expect(Math.max(...steps)).toBeGreaterThan(60);
  });
});
