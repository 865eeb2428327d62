import { describe, expect, test } from "vitest";
import { confusionMatrix, imagesOfClass, perClassAccuracy } from "./confusion.ts";

const confusion = confusionMatrix(Int32Array.of(0, 1, 1, -1, 0), Int32Array.of(0, 0, 1, 1, 0), 3);

describe("confusionMatrix(predicted, labels, classes)", () => {
  test("has a row for each actual class and a column for each predicted one", () => {
    expect([...confusion.counts]).toEqual([2, 1, 0, 0, 1, 0, 0, 0, 0]);
  });

  test("counts images without an answer by their actual class", () => {
    expect([...confusion.unanswered]).toEqual([0, 1, 0]);
    expect(imagesOfClass(confusion, 1)).toBe(2);
  });

  test("refuses classes that are none, and another number of predictions", () => {
    expect(() => confusionMatrix(Int32Array.of(0, 3), Int32Array.of(0, 1), 3)).toThrow(
      "confusion matrix: image 1 has label 1 and prediction 3, but there are classes 0 … 2",
    );
    expect(() => confusionMatrix(Int32Array.of(0), Int32Array.of(0, 1), 3)).toThrow(
      "a confusion matrix takes a prediction for each of the 2 labels but was given 1",
    );
  });
});

describe("perClassAccuracy(confusion)", () => {
  test("divides by the images of the actual class, unanswered ones included", () => {
    const accuracies = perClassAccuracy(confusion);
    expect(accuracies[0]).toMatchObject({ value: 2 / 3, unit: "fraction", n: 3 });
    expect(accuracies[1]).toMatchObject({ value: 1 / 2, unit: "fraction", n: 2 });
  });

  test("is null for a class without images", () => {
    expect(perClassAccuracy(confusion)[2]).toBeNull();
  });
});
