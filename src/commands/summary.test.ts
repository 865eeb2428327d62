import { describe, expect, test } from "vitest";
import { namedSpec, resnet } from "../spec/named-networks.ts";
import { summary } from "./summary.ts";

describe("summary(spec)", () => {
  test("adds up to the network's counts", () => {
    const { name, parameters, macs, layers } = summary(resnet(18));
    expect({ name, parameters, macs }).toEqual({ name: "resnet18", parameters: 11_689_512, macs: 1_814_073_344 });
    expect(layers.reduce((sum, layer) => sum + layer.parameters, 0)).toBe(parameters);
    expect(layers.reduce((sum, layer) => sum + layer.macs, 0)).toBe(macs);
  });

  test("says what each layer does", () => {
    const { layers } = summary(resnet(50, { groups: 32, widthPerGroup: 4, head: { dropout: 0.2 } }));
    const find = (name: string) => layers.find((layer) => layer.name === name);
    expect(layers.slice(0, 4)).toEqual([
      { name: "conv1", op: "conv 7×7, stride 2", output: [64, 112, 112], parameters: 9408, macs: 118_013_952 },
      { name: "bn1", op: "batch norm", output: [64, 112, 112], parameters: 128, macs: 0 },
      { name: "relu", op: "relu", output: [64, 112, 112], parameters: 0, macs: 0 },
      { name: "maxpool", op: "max pool 3×3, stride 2", output: [64, 56, 56], parameters: 0, macs: 0 },
    ]);
    expect(find("layer2.0.conv2")?.op).toBe("conv 3×3, stride 2, 32 groups");
    expect(find("layer2.0.downsample.0")?.op).toBe("conv 1×1, stride 2");
    expect(find("layer2.0.add")?.op).toBe("add");
    expect(layers.slice(-3)).toEqual([
      { name: "avgpool", op: "average pool", output: [2048], parameters: 0, macs: 0 },
      { name: "dropout", op: "dropout 0.2", output: [2048], parameters: 0, macs: 0 },
      { name: "fc", op: "dense", output: [1000], parameters: 2_049_000, macs: 2_048_000 },
    ]);
  });

  test("shows where the zeros of option A go", () => {
    const pad = (zeroPadding: "after" | "around") =>
      summary(namedSpec("resnet20", { zeroPadding })).layers.find(({ name }) => name === "layer2.0.downsample");
    expect(pad("after")?.op).toBe("zero pad 16 channels, stride 2");
    expect(pad("around")?.op).toBe("zero pad 8 + 8 channels, stride 2");
  });

  test("says what the ablations' layers do", () => {
    const modulation = { kind: "exclusive-gate", initialBias: -6 } as const;
    const spec = namedSpec("resnet20", {
      modulation,
      shortcutDownsampling: "average",
      padding: "same",
      blockDropout: 0.3,
    });
    const ops = new Map(summary(spec).layers.map(({ name, op }) => [name.replace("layer2.0.", ""), op]));
    expect(
      ["conv1", "dropout", "downsample.0", "gate", "gate.sigmoid", "gate.complement", "gatedBranch"].map((name) =>
        ops.get(name),
      ),
    ).toEqual([
      "conv 3×3, stride 2, padding 0 1 1 0",
      "dropout 0.3",
      "average pool 2×2, stride 2",
      "conv 1×1, stride 2, bias",
      "sigmoid",
      "times -1, plus 1",
      "multiply",
    ]);
    const scaling = { kind: "scaling", shortcut: 0.5, branch: 1 } as const;
    const scaled = summary(namedSpec("resnet20", { modulation: scaling })).layers;
    expect(scaled.find(({ name }) => name === "layer1.0.scaledShortcut")?.op).toBe("times 0.5");
    expect(summary(namedSpec("plain-mlp-5")).layers[0]).toEqual({
      name: "flatten",
      op: "flatten",
      output: [784],
      parameters: 0,
      macs: 0,
    });
  });
});
