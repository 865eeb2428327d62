import { describe, expect, test } from "vitest";
import { roundHalfToEven, roundToLevel } from "./levels.ts";

describe("roundHalfToEven(number)", () => {
  test("takes the nearest whole number, of two the even one", () => {
    const rounded = [0.5, 1.5, 2.5, -0.5, -1.5, -2.5, 0.49999999999999994, 2.4, 2.6, -2.6].map(roundHalfToEven);
    expect(rounded.map((number) => number + 0)).toEqual([0, 2, 2, 0, -2, -2, 0, 2, 3, -3]);
  });

  test("leaves whole numbers as they are, however large", () => {
    for (const number of [0, 7, -7, 2 ** 52 + 1, -(2 ** 60)]) expect(roundHalfToEven(number)).toBe(number);
  });
});

describe("roundToLevel(number, dtype)", () => {
  test("cuts off what is beyond the type's levels", () => {
    expect([-1e9, -128.5, -128, 127.49, 127.5, 1e9].map((number) => roundToLevel(number, "i8"))).toEqual([
      -128, -128, -128, 127, 127, 127,
    ]);
    expect([-3, -0.5, 254.5, 255.5, Number.POSITIVE_INFINITY].map((number) => roundToLevel(number, "u8") + 0)).toEqual([
      0, 0, 254, 255, 255,
    ]);
    expect(roundToLevel(Number.NaN, "i8")).toBe(0);
  });
});
