import { describe, expect, test } from "vitest";
import { editDistance, nearest } from "./nearest.ts";

describe("editDistance(a, b)", () => {
  test.each([
    ["", "abc", 3],
    ["kitten", "sitting", 3],
    ["resent20", "resnet20", 1],
    ["resnet20", "resnet20", 0],
  ])("from %j to %j is %i", (a, b, edits) => {
    expect(editDistance(a, b)).toBe(edits);
    expect(editDistance(b, a)).toBe(edits);
  });
});

describe("nearest(word, known)", () => {
  test("returns the known word with the fewest edits, in any case of letters", () => {
    expect(nearest("ResNt20", ["resnet18", "resnet20", "plain20"])).toBe("resnet20");
  });
  test("returns the earlier of two that are as near", () => {
    expect(nearest("resnet51", ["resnet50", "resnet56"])).toBe("resnet50");
  });
  test("returns null when nothing is near", () => {
    expect(nearest("transformer", ["resnet18", "plain20"])).toBeNull();
  });
});
