import { describe, expect, test } from "vitest";
import { permutation, randomPurposes, randomStream } from "../base/philox.ts";
import { tensor } from "../base/tensor.ts";
import { labelPlaces, predictedClasses, topK } from "./top-k.ts";

const logitsOf = (...rows: readonly (readonly number[])[]) =>
  tensor("f32", [rows.length, rows[0]?.length ?? 0], Float32Array.from(rows.flat()));
const labels = (...values: readonly number[]) => Int32Array.from(values);

describe("labelPlaces(logits, labels)", () => {
  test("counts the classes ranked before the label", () => {
    const row = [0.5, 3, -1, 2];
    expect([...labelPlaces(logitsOf(row, row, row, row), labels(0, 1, 2, 3))]).toEqual([2, 0, 3, 1]);
  });

  test("ranks equal logits by class index", () => {
    const row = [1, 2, 2, 1];
    expect([...labelPlaces(logitsOf(row, row, row, row), labels(0, 1, 2, 3))]).toEqual([2, 0, 1, 3]);
  });

  test("places the label last where any logit is not a number", () => {
    expect([...labelPlaces(logitsOf([Number.NaN, 9, 0], [9, 0, Number.NaN]), labels(1, 2))]).toEqual([3, 3]);
  });

  test("agrees with sorting, for logits with many ties", () => {
    const stream = randomStream(3, randomPurposes.synthetic);
    for (let n = 0; n < 200; n++) {
      const row = Array.from({ length: 10 }, () => stream.below(4));
      const order = row.map((_, c) => c).sort((a, b) => row[b]! - row[a]! || a - b);
      const label = stream.below(10);
      expect(labelPlaces(logitsOf(row), labels(label))[0]).toBe(order.indexOf(label));
      expect(predictedClasses(logitsOf(row))[0]).toBe(order[0]);
    }
  });

  test("refuses logits that are no table, labels of another number, and labels that are no class", () => {
    expect(() => labelPlaces(tensor("f32", [4], new Float32Array(4)), labels(0))).toThrow(
      "evaluate: logits should be [images, classes] but is [4]",
    );
    expect(() => labelPlaces(logitsOf([1, 2]), labels(0, 1))).toThrow("evaluate: labels should be [1] but is [2]");
    expect(() => labelPlaces(logitsOf([1, 2]), labels(2))).toThrow(
      "evaluate: image 0 has label 2, but the network tells classes 0 … 1 apart; is it the network of this data set?",
    );
  });
});

describe("topK(logits, labels, k)", () => {
  test("scores chance when every logit is equal and the classes are balanced", () => {
    const n = 100;
    const logits = tensor("f32", [n, 10], new Float32Array(n * 10));
    const balanced = permutation(n, randomStream(1, randomPurposes.synthetic)).map((i) => i % 10);
    expect(topK(logits, balanced, 1)).toMatchObject({ value: 0.1, unit: "fraction", n });
    expect(topK(logits, balanced, 5).value).toBe(0.5);
    expect(topK(logits, balanced, 10).value).toBe(1);
  });

  test("counts rows without a ranking as wrong, even where k exceeds the classes", () => {
    expect(topK(logitsOf([Number.NaN, 1], [0, 1]), labels(1, 1), 5)).toMatchObject({ value: 0.5, n: 2 });
  });

  test("refuses a k that is no whole number from 1", () => {
    for (const k of [0, 1.5, Number.NaN]) {
      expect(() => topK(logitsOf([1, 2]), labels(0), k)).toThrow(
        `top-k takes a whole k of at least 1 but was given ${k}`,
      );
    }
  });
});

describe("predictedClasses(logits)", () => {
  test("names the first largest, and nothing where a logit is not a number", () => {
    expect([...predictedClasses(logitsOf([1, 4, 4], [Number.NEGATIVE_INFINITY, -5, -6], [7, 1, Number.NaN]))]).toEqual([
      1, 1, -1,
    ]);
  });

  test("is right exactly where top-1 is", () => {
    const stream = randomStream(8, randomPurposes.synthetic);
    const rows = Array.from({ length: 300 }, () => Array.from({ length: 4 }, () => stream.below(3)));
    const actual = Int32Array.from(rows, () => stream.below(4));
    const right = predictedClasses(logitsOf(...rows)).filter((c, n) => c === actual[n]).length;
    expect(topK(logitsOf(...rows), actual, 1).value).toBe(right / 300);
  });
});
