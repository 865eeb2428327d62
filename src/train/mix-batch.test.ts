import { describe, expect, test } from "vitest";
import { randomStream } from "../base/philox.ts";
import { tensor } from "../base/tensor.ts";
import type { Batch } from "../data/batch.ts";
import { gamma, mainLabels, mixBatch } from "./mix-batch.ts";

const size = [6, 2, 8, 8] as const;
const elements = 2 * 8 * 8;

/** Six images; image n is n everywhere, so that what was mixed can be read off each pixel. */
const batchOf = (epoch: number, step: number): Batch => ({
  images: tensor(
    "f32",
    size,
    Float32Array.from({ length: 6 * elements }, (_, i) => Math.floor(i / elements)),
  ),
  labels: tensor("i32", [6], Int32Array.of(0, 1, 2, 0, 1, 2)),
  count: 6,
  indices: Int32Array.of(0, 1, 2, 3, 4, 5),
  broken: [],
  epoch,
  step,
  release: () => {},
});

const mean = (numbers: readonly number[]): number => numbers.reduce((sum, number) => sum + number, 0) / numbers.length;

describe("mixBatch(batch, mixing, seed)", () => {
  test("mixes image n with image N − 1 − n by one share, and hands on the labels of both", () => {
    const mixed = mixBatch(batchOf(0, 0), { mixup: 1, cutmix: 0, switchProbability: 0.5 }, 7);
    const share = mixed.share.data[0] ?? Number.NaN;
    expect([...mixed.share.data]).toEqual(Array(6).fill(share));
    expect(share).toBeGreaterThan(0);
    expect(share).toBeLessThan(1);
    expect([...mixed.partners.data]).toEqual([2, 1, 0, 2, 1, 0]);
    for (let n = 0; n < 6; n++) {
      const expected = share * n + (1 - share) * (5 - n);
      // The share is rounded to f32 once more than the pixels, which are numbers up to 5.
      for (const pixel of mixed.images.data.subarray(n * elements, (n + 1) * elements)) {
        expect(Math.abs(pixel - expected)).toBeLessThan(10 * 2 ** -24);
      }
    }
  });

  test("cuts the same box out of all images, and counts its area as the partner's share", () => {
    let cut = 0;
    for (let step = 0; step < 20; step++) {
      const mixed = mixBatch(batchOf(3, step), { mixup: 0, cutmix: 1, switchProbability: 0.5 }, 7);
      const other = (n: number): string =>
        [...mixed.images.data.subarray(n * elements, (n + 1) * elements)]
          .map((x) => (x === 5 - n ? "x" : "·"))
          .join("");
      const [first] = [other(0)];
      for (let n = 1; n < 6; n++) expect(other(n)).toBe(first);
      const area = [...first].filter((mark) => mark === "x").length / elements;
      expect(mixed.share.data[0]).toBeCloseTo(1 - area, 6);
      cut += area;
    }
    expect(cut / 20).toBeGreaterThan(0.1); // a uniform share, less what the edges cut off
  });

  test("draws by seed, epoch and batch alone", () => {
    const mixing = { mixup: 0.4, cutmix: 1, switchProbability: 0.5 };
    const once = (epoch: number, step: number, seed: number) => mixBatch(batchOf(epoch, step), mixing, seed);
    expect(once(1, 2, 3).images.data).toEqual(once(1, 2, 3).images.data);
    const shares = [once(1, 2, 3), once(2, 2, 3), once(1, 3, 3), once(1, 2, 4)].map(({ share }) => share.data[0]);
    expect(new Set(shares).size).toBe(4);
  });

  test("takes mixup and cutmix as often as the recipe says", () => {
    const isCut = (step: number): boolean => {
      const { images } = mixBatch(batchOf(0, step), { mixup: 1, cutmix: 1, switchProbability: 0.25 }, 1);
      return images.data.subarray(0, elements).every((pixel) => Number.isInteger(pixel));
    };
    const cuts = Array.from({ length: 400 }, (_, step) => step).filter(isCut).length;
    expect(Math.abs(cuts / 400 - 0.25)).toBeLessThan(3 * Math.sqrt((0.25 * 0.75) / 400)); // three deviations
  });

  test("leaves a batch as it is without mixing: each image its own partner", () => {
    const { images, partners, share } = mixBatch(batchOf(0, 0), null, 7);
    expect(images).toEqual(batchOf(0, 0).images);
    expect([...partners.data]).toEqual([0, 1, 2, 0, 1, 2]);
    expect([...share.data]).toEqual(Array(6).fill(1));
  });
});

test("gamma(a, random) has the mean and the variance a", () => {
  for (const a of [0.2, 1, 2.5]) {
    const random = randomStream(1, 99);
    const draws = Array.from({ length: 20_000 }, () => gamma(a, random));
    const average = mean(draws);
    const variance = mean(draws.map((x) => (x - average) ** 2));
    expect(Math.abs(average - a)).toBeLessThan(4 * Math.sqrt(a / draws.length)); // four deviations of the mean
    // The variance of (x − a)² is 2a² + 6a.
    expect(Math.abs(variance - a)).toBeLessThan(4 * Math.sqrt((2 * a * a + 6 * a) / draws.length));
  }
});

test("mainLabels(batch) is the label of the larger share", () => {
  const mixed = {
    ...batchOf(0, 0),
    partners: tensor("i32", [6], Int32Array.of(2, 1, 0, 2, 1, 0)),
    share: tensor("f32", [6], Float32Array.of(0.4, 0.4, 0.6, 0.5, 1, 0)),
  };
  expect([...mainLabels(mixed).data]).toEqual([2, 1, 2, 0, 1, 0]);
});
