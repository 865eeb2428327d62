import { describe, expect, test } from "vitest";
import { countMacs, countParameters } from "../../src/spec/counts.ts";
import { namedSpec } from "../../src/spec/named-networks.ts";
import { readFixture } from "./fixtures.ts";

const golden = readFixture("counts");

describe("parameters and MACs are PyTorch's, exactly,", () => {
  test.each(Object.entries({ ...golden.torchvision, ...golden.paper, ...golden.cifar }))("of %s", (name, counted) => {
    const spec = namedSpec(name);
    expect({ parameters: countParameters(spec), macs: countMacs(spec) }).toEqual(counted);
  });

  test("of every residual network that torchvision 0.14 has", () => {
    expect(Object.keys(golden.torchvision)).toEqual([
      ...[18, 34, 50, 101, 152].map((depth) => `resnet${depth}`),
      "resnext50_32x4d",
      "resnext101_32x8d",
      "resnext101_64x4d",
      "wide_resnet50_2",
      "wide_resnet101_2",
    ]);
  });
});
