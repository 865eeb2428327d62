import { describe, expect, test } from "vitest";
import { layersOf } from "./layers.ts";
import { namedSpec } from "./named-networks.ts";

describe("layersOf(spec), for deep stems,", () => {
  const layers = layersOf(namedSpec("resnet50-d"));

  test("has three 3×3 convolutions under timm's names, the first with the stride", () => {
    const stem = layers.slice(0, layers.findIndex(({ name }) => name === "maxpool") + 1);
    expect(stem.map(({ kind, name, output }) => [name, kind, output])).toEqual([
      ["conv1.0", "conv", [32, 112, 112]],
      ["conv1.1", "batchNorm", [32, 112, 112]],
      ["conv1.2", "relu", [32, 112, 112]],
      ["conv1.3", "conv", [32, 112, 112]],
      ["conv1.4", "batchNorm", [32, 112, 112]],
      ["conv1.5", "relu", [32, 112, 112]],
      ["conv1.6", "conv", [64, 112, 112]],
      ["bn1", "batchNorm", [64, 112, 112]],
      ["relu", "relu", [64, 112, 112]],
      ["maxpool", "maxPool", [64, 56, 56]],
    ]);
    expect(stem.flatMap((layer) => (layer.kind === "conv" ? [layer.stride] : []))).toEqual([2, 1, 1]);
  });

  test("averages before its projections where there is a stride (ResNet-D)", () => {
    const shortcuts = layers
      .filter(({ name }) => name.includes("downsample"))
      .map(({ name, kind }) => `${name} ${kind}`);
    expect(shortcuts.slice(0, 5)).toEqual([
      "layer1.0.downsample.1 conv",
      "layer1.0.downsample.2 batchNorm",
      "layer2.0.downsample.0 averagePool",
      "layer2.0.downsample.1 conv",
      "layer2.0.downsample.2 batchNorm",
    ]);
  });

  test("leaves the last convolution bare where the stem isn't activated", () => {
    const stem = { width: 64, before: [24], kernel: 3, stride: 2, activated: false, pool: null };
    const bare = layersOf(namedSpec("resnetv2-50", { stem })).slice(0, 5);
    expect(bare.map(({ name }) => name)).toEqual(["conv1.0", "conv1.1", "conv1.2", "conv1.3", "layer1.0.bn1"]);
  });
});
