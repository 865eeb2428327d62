import { describe, expect, test } from "vitest";
import { type Layer, layersOf } from "./layers.ts";
import { namedSpec } from "./named-networks.ts";
import type { ResNetSpec } from "./spec.ts";

const names = (spec: ResNetSpec, prefix: string): string[] =>
  layersOf(spec)
    .map(({ name }) => name)
    .filter((name) => name.startsWith(prefix));
const layer = (spec: ResNetSpec, name: string): Layer | undefined =>
  layersOf(spec).find((candidate) => candidate.name === name);

describe("layersOf(spec), for the ablations of Identity Mappings,", () => {
  /** The second block of the second stage: shapes agree. */
  const blockOf = (options: object): string[] =>
    names(namedSpec("resnet20", options), "layer2.1.").map((name) => name.slice("layer2.1.".length));

  test.each([
    ["post", ["conv1", "bn1", "relu1", "conv2", "bn2", "add", "relu2"]],
    ["batch-norm-after-addition", ["conv1", "bn1", "relu1", "conv2", "add", "bn2", "relu2"]],
    ["relu-before-addition", ["conv1", "bn1", "relu1", "conv2", "bn2", "relu2", "add"]],
    ["relu-only-pre", ["relu1", "conv1", "bn1", "relu2", "conv2", "bn2", "add"]],
    ["pre", ["bn1", "relu1", "conv1", "bn2", "relu2", "conv2", "add"]],
    ["no-relu-after-addition", ["conv1", "bn1", "relu1", "conv2", "bn2", "add"]],
  ])("orders %s as figure 4 has it", (activation, order) => {
    expect(blockOf({ activation })).toEqual(order);
  });

  test("scales both paths, or the shortcut alone", () => {
    const scaling = (branch: number) =>
      namedSpec("resnet20", { modulation: { kind: "scaling", shortcut: 0.5, branch } });
    expect(layer(scaling(0.5), "layer2.1.add")).toMatchObject({
      a: "layer2.1.scaledBranch",
      b: "layer2.1.scaledShortcut",
    });
    expect(layer(scaling(0.5), "layer2.1.scaledShortcut")).toMatchObject({ x: "layer2.0.relu2", scale: 0.5, shift: 0 });
    expect(layer(scaling(1), "layer2.1.add")).toMatchObject({ a: "layer2.1.bn2" });
  });

  test("gates both paths by g and 1 − g, or the shortcut alone by 1 − g", () => {
    const both = namedSpec("resnet20", { modulation: { kind: "exclusive-gate", initialBias: -6 } });
    expect(layer(both, "layer2.0.gate")).toMatchObject({
      x: "layer1.2.relu2",
      inChannels: 16,
      outChannels: 32,
      stride: 2,
      bias: -6,
    });
    expect(layer(both, "layer2.0.gate.complement")).toMatchObject({ x: "layer2.0.gate.sigmoid", scale: -1, shift: 1 });
    expect(layer(both, "layer2.0.gatedShortcut")).toMatchObject({
      a: "layer2.0.downsample",
      b: "layer2.0.gate.complement",
    });
    expect(layer(both, "layer2.0.gatedBranch")).toMatchObject({ a: "layer2.0.bn2", b: "layer2.0.gate.sigmoid" });
    const shortcutOnly = namedSpec("resnet20", { modulation: { kind: "shortcut-gate", initialBias: -6 } });
    expect(layer(shortcutOnly, "layer2.0.add")).toMatchObject({ a: "layer2.0.bn2", b: "layer2.0.gatedShortcut" });
  });

  test("drops the shortcut", () => {
    const spec = namedSpec("resnet20", { modulation: { kind: "dropout", fraction: 0.5 } });
    expect(layer(spec, "layer2.1.droppedShortcut")).toMatchObject({ x: "layer2.0.relu2", fraction: 0.5 });
    expect(layer(spec, "layer2.1.add")).toMatchObject({ b: "layer2.1.droppedShortcut" });
  });
});

describe("layersOf(spec), for shortcuts that average,", () => {
  test("pools before a projection of stride 1, under timm's names", () => {
    const spec = namedSpec("resnet50-d", { input: [3, 225, 224] });
    expect(names(spec, "layer2.0.downsample")).toEqual(["0", "1", "2"].map((l) => `layer2.0.downsample.${l}`));
    expect(names(spec, "layer1.0.downsample")).toEqual(["1", "2"].map((l) => `layer1.0.downsample.${l}`));
    // 225 → 113 → 57 rows: the last window of rows has one row inside.
    expect(layer(spec, "layer2.0.downsample.0")).toMatchObject({
      kernel: 2,
      stride: 2,
      padding: { top: 0, left: 0, bottom: 1, right: 0 },
      output: [256, 29, 28],
    });
    expect(layer(spec, "layer2.0.downsample.1")).toMatchObject({ kernel: 1, stride: 1 });
  });

  test("pools and pads with zeros, without batch norm, as dlib's face net", () => {
    const spec = namedSpec("resnet18", { shortcut: "A", shortcutDownsampling: "average" });
    expect(names(spec, "layer2.0.downsample")).toEqual(["layer2.0.downsample.0", "layer2.0.downsample"]);
    expect(layer(spec, "layer2.0.downsample")).toMatchObject({ stride: 1, after: 64, output: [128, 28, 28] });
  });

  test("follow a branch without padding to its smaller size, as in dlib's face net", () => {
    const spec = namedSpec("resnet20", { shortcutDownsampling: "average", padding: 0, input: [3, 31, 31] });
    expect(layer(spec, "layer2.0.conv1")).toMatchObject({ output: [32, 15, 15] });
    expect(layer(spec, "layer2.0.downsample.0")).toMatchObject({ output: [16, 15, 15] });
    expect(layer(spec, "layer2.1.conv1")).toMatchObject({ output: [32, 15, 15] });
  });
});
