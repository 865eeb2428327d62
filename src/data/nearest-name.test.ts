import { describe, expect, test } from "vitest";
import { nearestName } from "./nearest-name.ts";

describe("nearestName(written, names)", () => {
  const names = ["cifar-10", "fashion-mnist", "mnist"];
  test.each([
    ["fashion-mnits", "fashion-mnist"],
    ["Fashion_MNIST", "fashion-mnist"],
    ["minst", "mnist"],
    ["cifar10", "cifar-10"],
  ])("for %s is %s", (written, expected) => {
    expect(nearestName(written, names)).toBe(expected);
  });
  test("is nothing when there is no name", () => {
    expect(nearestName("x", [])).toBeUndefined();
  });
});
