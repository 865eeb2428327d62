import { describe, expect, test } from "vitest";
import { agreedBy, reassess } from "./accepted-labels.ts";

describe("reassess(predicted, labels, accepted)", () => {
  test("is ReaL's arithmetic by hand: six images, one of which nobody could name", () => {
    // image:      0 right, kept   1 wrong, accepted   2 right, rejected   3 left out   4 wrong stays   5 no answer
    const predicted = Int32Array.of(0, 1, 2, 3, 4, -1);
    const labels = Int32Array.of(0, 0, 2, 3, 0, 0);
    const result = reassess(predicted, labels, [[0], [0, 1], [3], null, [0], [0]]);
    expect(result).toMatchObject({
      assessed: 5,
      leftOut: 1,
      becameRight: 1,
      becameWrong: 1,
      labelsRejected: 1,
      severalAccepted: 1,
    });
    expect(result.accuracy?.value).toBe(2 / 5);
    expect(result.plain?.value).toBe(2 / 5); // images 0 and 2; image 3 isn't counted in either
  });

  test("has no accuracy where every image is left out", () => {
    expect(reassess(Int32Array.of(0), Int32Array.of(0), [null])).toMatchObject({ accuracy: null, plain: null });
  });

  test("refuses lists of other lengths", () => {
    expect(() => reassess(Int32Array.of(0), Int32Array.of(0), [])).toThrow(
      "a reassessment takes as many predictions and accepted labels as labels, but there are 1, 0 and 1",
    );
  });
});

describe("agreedBy(votes, k)", () => {
  test("accepts what k annotators accept, each counted once; nothing where they don't agree", () => {
    const votes = [[1, 1], [1, 2], [2], [1], [1]];
    expect(agreedBy(votes, 4)).toEqual([1]);
    expect(agreedBy(votes, 2)).toEqual([1, 2]);
    expect(agreedBy(votes, 5)).toEqual([]);
    expect(agreedBy(null, 1)).toBeNull();
  });
});
