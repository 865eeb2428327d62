import { describe, expect, test } from "vitest";
import { namedSpec } from "../../spec/named-networks.ts";
import { smallImageWarning } from "./small-image-warning.ts";

describe("smallImageWarning(spec)", () => {
  test("warns of ImageNet's stem on small images, with what is left of them and the remedy", () => {
    expect(smallImageWarning(namedSpec("resnet18", { input: [3, 32, 32], classes: 10 }))).toBe(
      "resnet18 is made for larger images: its stem shrinks images of 32×32 by 4, and its last stage sees 1×1 of 32×32; take a network made for small images, such as resnet20, or a spec whose stem has stride 1 and no pool",
    );
    expect(smallImageWarning(namedSpec("resnet50", { input: [1, 60, 90] }))).toContain(
      "its last stage sees 2×3 of 60×90",
    );
  });

  test("warns of a last map of one pixel, whatever the stem", () => {
    expect(smallImageWarning(namedSpec("resnet20", { input: [1, 4, 4] }))).toBe(
      "resnet20 is made for larger images: its last stage sees 1×1 of 4×4; take one with fewer stages of stride 2, or larger images",
    );
  });

  test("says nothing of networks on images that they are made for", () => {
    for (const [name, side] of [
      ["resnet18", 224],
      ["resnet18", 64],
      ["resnet20", 32],
      ["resnet20", 28],
    ] as const) {
      expect(smallImageWarning(namedSpec(name, { input: [3, side, side] }))).toBeNull();
    }
  });
});
