import { describe, expect, test } from "vitest";
import { roundToLevel } from "../../base/levels.ts";
import { randomPurposes, randomStream } from "../../base/philox.ts";
import { tensor } from "../../base/tensor.ts";
import { balanceChannels, type ChannelCounts } from "./balance-channels.ts";

const [filters, images] = [16, 400] as const;
const { normal } = randomStream(21, randomPurposes.synthetic);

/** Channels of so many deviations each, cut off at 0; every element is a bin of its own. */
const met = (deviations: readonly number[]) => {
  const elements = deviations.map((deviation) =>
    Array.from({ length: images }, () => Math.max(0, deviation * normal())),
  );
  const values = Float64Array.from(new Set(elements.flat().filter((each) => each > 0))).sort();
  const places = new Map([...values].map((value, i) => [value, i]));
  const counts = new Float64Array(deviations.length * values.length);
  for (const [c, each] of elements.entries()) {
    for (const element of each) {
      const place = places.get(element);
      if (place !== undefined) counts[c * values.length + place] = 1;
    }
  }
  const variances = Float64Array.from(elements, (each) => {
    const mean = each.reduce((sum, element) => sum + element, 0) / images;
    return each.reduce((sum, element) => sum + (element - mean) ** 2, 0) / images;
  });
  return { elements, counts: { elements: images, values, counts, variances } satisfies ChannelCounts };
};

const weightOf = (channels: number) =>
  tensor(
    "f32",
    [filters, channels, 1, 1],
    Float32Array.from({ length: filters * channels }, () => normal()),
  );

/** What rounding makes of all filters' sums, measured, their means aside. */
const measuredError = (
  elements: readonly (readonly number[])[],
  weight: ReturnType<typeof weightOf>,
  scales: ArrayLike<number>,
  range: number,
): number => {
  const channels = elements.length;
  let total = 0;
  for (let o = 0; o < filters; o++) {
    const scaled = elements.map((_, c) => (weight.data[o * channels + c] ?? 0) / (scales[c] ?? 1));
    const level = Math.max(...scaled.map(Math.abs)) / 127;
    const errors = Array.from({ length: images }, (_, i) => {
      let error = 0;
      for (let c = 0; c < channels; c++) {
        const element = elements[c]?.[i] ?? 0;
        const bytes = (roundToLevel((element * (scales[c] ?? 1) * 255) / range, "u8") * range) / 255;
        error +=
          bytes * level * roundToLevel((scaled[c] ?? 0) / level, "i8") - element * (weight.data[o * channels + c] ?? 0);
      }
      return error;
    });
    const mean = errors.reduce((sum, error) => sum + error, 0) / images;
    total += errors.reduce((sum, error) => sum + (error - mean) ** 2, 0) / images;
  }
  return total;
};

describe("balanceChannels(met, readers)", () => {
  test("makes the measured error of what reads unequal channels much less, and expects about what is measured", () => {
    const deviations = Array.from({ length: 24 }, (_, c) => 2 ** ((c % 5) - 2));
    const { elements, counts } = met(deviations);
    // Filters that give every channel the same say, as trained ones do.
    const plain = weightOf(deviations.length);
    const data = plain.data.map((each, i) => each / (deviations[i % deviations.length] ?? 1));
    const weight = { ...plain, data };
    const balance = balanceChannels(counts, [{ weight, noise: 1 }]);
    if (balance === null) throw new Error("some are above 0");
    const { scales, range, errors } = balance;
    const after = measuredError(elements, weight, scales, range);
    const before = measuredError(elements, weight, new Float64Array(deviations.length).fill(1), range);
    expect(after).toBeLessThan(before / 2);
    // Errors are drawn from 16 filters of 24 weights: 400 of them, some 7 % of their sum of squares; the rest are the formula's means.
    expect(errors[0] / before).toBeGreaterThan(0.7);
    expect(errors[0] / before).toBeLessThan(1.4);
    expect(errors[1] / after).toBeGreaterThan(0.7);
    expect(errors[1] / after).toBeLessThan(1.4);
  });

  test("scales small channels up more where filters are rounded better", () => {
    const { counts } = met([1, 1, 0.05, 0.05]);
    const weight = weightOf(4);
    const scaleOf = (noise: number) => balanceChannels(counts, [{ weight, noise }])?.scales[2] ?? 0;
    expect(scaleOf(0.1)).toBeGreaterThan(scaleOf(1));
    expect(scaleOf(1)).toBeGreaterThan(1);
  });

  test("leaves dead channels and those that nothing reads, and is null where all are dead", () => {
    const { counts } = met([1, 0, 0.1]);
    const weight = weightOf(3);
    for (let o = 0; o < filters; o++) weight.data[3 * o + 2] = 0;
    const { scales } = balanceChannels(counts, [{ weight, noise: 1 }]) ?? {};
    expect([scales?.[1], scales?.[2]]).toEqual([1, 1]);
    expect(balanceChannels(met([0, 0]).counts, [{ weight: weightOf(2), noise: 1 }])).toBeNull();
  });
});
