import { describe, expect, test } from "vitest";
import { countParameters } from "../spec/counts.ts";
import { namedSpec, resnet } from "../spec/named-networks.ts";
import { describeFreezing, frozenParts } from "./freezing.ts";

describe("frozenParts(spec, freezing)", () => {
  test("counts what learns and what doesn't", () => {
    const spec = namedSpec("resnet50", { classes: 5 });
    const head = 5 * 2048 + 5;
    const all = countParameters(spec);
    const counts = (freezing: Parameters<typeof frozenParts>[1]) => {
      const { learnedCount, frozenCount } = frozenParts(spec, freezing);
      return [learnedCount, frozenCount];
    };
    expect(counts({ freeze: "none", batchNorm: "train" })).toEqual([all, 0]);
    expect(counts({ freeze: "none", batchNorm: "fixed-statistics" })).toEqual([all, 0]);
    expect(counts({ freeze: "body", batchNorm: "train" })).toEqual([head, all - head]);
    // Scales and shifts of the 53 batch norms: 26,560 channels (torchvision's resnet50).
    expect(counts({ freeze: "none", batchNorm: "frozen" })).toEqual([all - 2 * 26_560, 2 * 26_560]);
    expect(counts({ freeze: { stages: 4 }, batchNorm: "train" })).toEqual([head, all - head]);
    expect(counts({ freeze: { stages: 0 }, batchNorm: "train" })).toEqual([all - 9536, 9536]); // 7·7·3·64 + 2·64
  });

  test("fixes the batch norms of frozen layers, whatever the others do", () => {
    const { fixedBatchNorms } = frozenParts(resnet(20), { freeze: { stages: 1 }, batchNorm: "train" });
    expect([...fixedBatchNorms]).toEqual([
      "bn1",
      ...[0, 1, 2].flatMap((block) => [`layer1.${block}.bn1`, `layer1.${block}.bn2`]),
    ]);
  });

  test("leaves the batch norm behind the last stage free where stages are counted, and freezes it with the body", () => {
    const spec = resnet(20, { activation: "pre" });
    expect(frozenParts(spec, { freeze: { stages: 3 }, batchNorm: "train" }).fixedBatchNorms.has("bn")).toBe(false);
    expect(frozenParts(spec, { freeze: "body", batchNorm: "train" }).fixedBatchNorms.has("bn")).toBe(true);
  });
});

describe("describeFreezing(freezing)", () => {
  test.each([
    [{ freeze: "none", batchNorm: "train" }, ""],
    [{ freeze: "body", batchNorm: "train" }, "the body is frozen, its batch norms as well"],
    [{ freeze: { stages: 0 }, batchNorm: "train" }, "the stem is frozen, batch norms included"],
    [
      { freeze: { stages: 2 }, batchNorm: "frozen" },
      "the stem and 2 stages are frozen, batch norms included; elsewhere batch norms keep statistics, scales and shifts",
    ],
    [{ freeze: "none", batchNorm: "fixed-statistics" }, "batch norms keep their running statistics"],
  ] as const)("says what %j means", (freezing, words) => {
    expect(describeFreezing(freezing)).toBe(words);
  });
});
