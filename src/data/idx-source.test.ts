import { describe, expect, test } from "vitest";
import { encodeIdx } from "./idx.test.fixture.ts";
import { idxSource } from "./idx-source.ts";

const images = { file: "images", bytes: encodeIdx([2, 1, 3], [1, 2, 3, 4, 5, 6]) };
const labels = (...values: number[]) => ({ file: "labels", bytes: encodeIdx([values.length], values) });

describe("idxSource(images, labels, classes)", () => {
  test("gives grey images in shared memory", () => {
    const source = idxSource(images, labels(1, 0), 2);
    expect(source.shape).toEqual([1, 1, 3]);
    expect([...source.pixels]).toEqual([1, 2, 3, 4, 5, 6]);
    expect([...source.labels]).toEqual([1, 0]);
    expect(source.pixels.buffer).toBeInstanceOf(SharedArrayBuffer);
  });
  test("refuses as many labels as there are not images", () => {
    expect(() => idxSource(images, labels(1), 2)).toThrow(
      "labels: holds 1 labels but images holds 2 images (at byte 4)",
    );
  });
  test("refuses a label that is no class, and says where it is", () => {
    expect(() => idxSource(images, labels(1, 2), 2)).toThrow("labels: label 2 of image 1 is not below 2 (at byte 9)");
  });
  test("refuses files without a pixel", () => {
    const empty = { file: "images", bytes: encodeIdx([0, 28, 28], []) };
    expect(() => idxSource(empty, labels(), 2)).toThrow("images: holds no pixels (at byte 4)");
  });
});
