import { describe, expect, test } from "vitest";
import { expandBraces, hasBraces } from "./expand-braces.ts";

describe("expandBraces(path)", () => {
  test.each([
    ["a/train-{000009..000011}.tar", ["a/train-000009.tar", "a/train-000010.tar", "a/train-000011.tar"]],
    ["{8..10}.tar", ["8.tar", "9.tar", "10.tar"]],
    ["{08..10}.tar", ["08.tar", "09.tar", "10.tar"]],
    ["{train,val}-{0..1}.tar", ["train-0.tar", "train-1.tar", "val-0.tar", "val-1.tar"]],
    ["plain.tar", ["plain.tar"]],
    ["{odd}.tar", ["{odd}.tar"]],
  ])("%s", (path, expected) => {
    expect(expandBraces(path)).toEqual(expected);
    expect(hasBraces(path)).toBe(expected.length > 1);
  });
  test("refuses what means too many files, or none", () => {
    expect(() => expandBraces("{0..999999999}.tar")).toThrow("{0..999999999} should count up to at most 100000 files");
    expect(() => expandBraces("{5..3}.tar")).toThrow("{5..3} should count up to");
    expect(() => expandBraces("{1..1000}/{1..1000}.tar")).toThrow("means more than 100000 files; name fewer");
  });
});
