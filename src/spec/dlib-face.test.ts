import { describe, expect, test } from "vitest";
import { UsageError } from "../base/errors.ts";
import { layersOf } from "./layers.ts";
import { namedSpec } from "./named-networks.ts";

// dlib's dnn_face_recognition_ex.cpp and its layers con, max_pool, avg_pool, add_prev (davisking/dlib, 2017 and since).
describe("layersOf(dlib-face-29)", () => {
  const layers = layersOf(namedSpec("dlib-face-29"));
  const output = (name: string) => layers.find((layer) => layer.name === name)?.output;

  test("has dlib's sizes from 150 pixels down to 2", () => {
    const sizes = ["conv1", "maxpool", "layer1.2.add", "layer2.3.add", "layer3.2.add", "layer4.2.add", "layer5.0.add"];
    expect(sizes.map(output)).toEqual([
      [32, 72, 72],
      [32, 35, 35],
      [32, 35, 35],
      [64, 17, 17],
      [128, 8, 8],
      [256, 4, 4],
      [256, 2, 2],
    ]);
    expect(output("fc")).toEqual([128]);
    expect(layers.at(-1)).toMatchObject({ kind: "dense", bias: false });
  });

  test("extends the smaller of branch and shortcut by zeros, as add_prev does", () => {
    expect(layers.filter(({ kind }) => kind === "extend").map(({ name }) => name)).toEqual([
      "layer4.0.extendedBranch",
      "layer5.0.extendedBranch",
    ]);
    expect(output("layer4.0.bn2")).toEqual([256, 3, 3]);
    expect(layers.find(({ name }) => name === "layer4.0.add")).toMatchObject({
      a: "layer4.0.extendedBranch",
      b: "layer4.0.downsample",
    });
    const padded = layersOf(namedSpec("dlib-face-29", { padding: "fixed", input: [3, 80, 75] }));
    expect(padded.filter(({ kind }) => kind === "extend")[0]).toMatchObject({
      name: "layer2.0.extendedShortcut",
      x: "layer2.0.downsample",
      below: 0,
      right: 1,
      output: [64, 9, 9],
    });
  });

  test("takes whole windows only", () => {
    // 35 rows: 17 windows of 2, the last row in none.
    expect(layers.find(({ name }) => name === "layer2.0.downsample.0")).toMatchObject({
      kind: "averagePool",
      padding: { bottom: 0, right: 0 },
      output: [32, 17, 17],
    });
  });

  test("has no gates", () => {
    expect(() => namedSpec("dlib-face-29", { modulation: { kind: "shortcut-gate", initialBias: 0 } })).toThrow(
      new UsageError(
        'dlib-face-29: modulation is "shortcut-gate", but with shortcutDownsampling "average-whole" the paths have sizes that a gate has not: set shortcutDownsampling to "average", or modulation to null',
      ),
    );
  });
});
