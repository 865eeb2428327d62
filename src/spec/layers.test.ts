import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Layer, layersOf, orders } from "./layers.ts";
import { namedNetworks, namedSpec, resnet } from "./named-networks.ts";
import { parametersOf } from "./parameters.ts";
import type { ActivationOrder, Modulation, ResNetSpec } from "./spec.ts";

const inputsOf = (layer: Layer): readonly string[] => ("a" in layer ? [layer.a, layer.b] : [layer.x]);
const names = (spec: ResNetSpec, prefix: string): string[] =>
  layersOf(spec)
    .map(({ name }) => name)
    .filter((name) => name.startsWith(prefix));
const layer = (spec: ResNetSpec, name: string): Layer | undefined =>
  layersOf(spec).find((candidate) => candidate.name === name);

const activations = Object.keys(orders).filter((order): order is ActivationOrder => order in orders);
const modulations: readonly Modulation[] = [
  { kind: "scaling", shortcut: 0.5, branch: 0.5 },
  { kind: "scaling", shortcut: 0.5, branch: 1 },
  { kind: "exclusive-gate", initialBias: -6 },
  { kind: "shortcut-gate", initialBias: -6 },
  { kind: "dropout", fraction: 0.5 },
];
const shallow = ["resnet20", "resnet18", "resnet50", "resnet50_v1", "resnext29-8x64d", "wide-resnet28-10"];
const anySpec: fc.Arbitrary<ResNetSpec> = fc
  .record({
    name: fc.constantFrom(...shallow),
    activation: fc.constantFrom(...activations),
    shortcut: fc.constantFrom("A", "B", "C"),
    shortcutDownsampling: fc.constantFrom("stride", "average"),
    zeroPadding: fc.constantFrom("after", "around"),
    modulation: fc.constantFrom(null, ...modulations),
    padding: fc.constantFrom("fixed", "same"),
    convolutionBias: fc.boolean(),
    blockDropout: fc.constantFrom(0, 0.3),
    height: fc.integer({ min: 33, max: 70 }),
    width: fc.integer({ min: 33, max: 70 }),
  })
  .map(({ name, height, width, ...options }) => namedSpec(name, { input: [2, height, width], ...options }));

describe("layersOf(spec)", () => {
  test("names each layer once, after the layers that it takes, whose shapes fit", () => {
    fc.assert(
      fc.property(anySpec, (spec) => {
        const outputs = new Map<string, readonly number[]>([["input", spec.input]]);
        for (const made of layersOf(spec)) {
          expect(outputs.has(made.name)).toBe(false);
          const taken = inputsOf(made).map((name) => outputs.get(name));
          expect(taken).not.toContain(undefined);
          if (made.kind === "add" || made.kind === "multiply") expect(taken).toEqual([made.output, made.output]);
          if (made.kind === "conv") expect(taken[0]?.[0]).toBe(made.inChannels);
          if (made.kind === "batchNorm") expect(taken[0]?.[0]).toBe(made.channels);
          if (made.kind === "dense") expect(taken[0]).toEqual([made.inFeatures]);
          if (made.kind === "zeroPad") expect(made.output[0]).toBe((taken[0]?.[0] ?? 0) + made.before + made.after);
          outputs.set(made.name, made.output);
        }
        expect(outputs.get("fc")).toEqual([spec.classes]);
      }),
      { numRuns: 60 },
    );
  });

  test("leaves nothing unused but the last", () => {
    fc.assert(
      fc.property(anySpec, (spec) => {
        const used = new Set(layersOf(spec).flatMap(inputsOf));
        expect(layersOf(spec).filter(({ name }) => !used.has(name))).toMatchObject([{ name: "fc" }]);
      }),
      { numRuns: 60 },
    );
  });

  test("halves sizes as Table 1 of the paper has them", () => {
    const spec = resnet(50);
    const sizes = [
      "conv1",
      "maxpool",
      "layer1.2.relu3",
      "layer2.3.relu3",
      "layer3.5.relu3",
      "layer4.2.relu3",
      "avgpool",
      "fc",
    ];
    expect(sizes.map((name) => layer(spec, name)?.output)).toEqual([
      [64, 112, 112],
      [64, 56, 56],
      [256, 56, 56],
      [512, 28, 28],
      [1024, 14, 14],
      [2048, 7, 7],
      [2048],
      [1000],
    ]);
  });

  test("has as many weighted layers as a network's name says, shortcuts apart", () => {
    for (const { name } of namedNetworks) {
      const weighted = layersOf(namedSpec(name)).filter(
        ({ kind, name: path }) => (kind === "conv" || kind === "dense") && !/downsample|gate/.test(path),
      );
      // Wide ResNets count the two projections that change the width beside the first, a deep stem counts as one layer, and
      // dlib counts convolutions only.
      const projections = /wide-resnet\d+-\d+/.test(name) && !name.endsWith("-2") ? 2 : 0;
      const stem = name.endsWith("-d") || name.endsWith("-deep-stem") ? 2 : 0;
      const dense = name.startsWith("dlib") ? 1 : 0;
      const said = Number(/\d+/.exec(name.replace("resnetv2", ""))?.[0]);
      expect(weighted.length, name).toBe(said - projections + stem + dense);
    }
  });

  test("orders a v1 block: convolution, batch norm, relu, the last after the addition", () => {
    expect(names(resnet(18), "layer2.0.")).toEqual(
      ["conv1", "bn1", "relu1", "conv2", "bn2", "downsample.0", "downsample.1", "add", "relu2"].map(
        (l) => `layer2.0.${l}`,
      ),
    );
    expect(names(namedSpec("plain18"), "layer2.0.")).toEqual(
      ["conv1", "bn1", "relu1", "conv2", "bn2", "relu2"].map((l) => `layer2.0.${l}`),
    );
  });

  test("orders a v2 block: batch norm, relu, convolution, nothing after the addition", () => {
    const spec = resnet(18, { activation: "pre" });
    expect(names(spec, "layer2.0.")).toEqual(
      ["bn1", "relu1", "conv1", "bn2", "relu2", "conv2", "downsample.0", "add"].map((l) => `layer2.0.${l}`),
    );
    expect(layer(spec, "bn")).toMatchObject({ x: "layer4.1.add" });
    expect(layer(spec, "avgpool")).toMatchObject({ x: "reluLast" });
  });

  test("begins a v2 network as He does: both paths of the first block take the activated stem", () => {
    const spec = namedSpec("resnetv2-50-he");
    expect(layer(spec, "maxpool")).toMatchObject({ x: "relu" });
    expect(names(spec, "layer1.0.")[0]).toBe("layer1.0.conv1");
    expect(layer(spec, "layer1.0.conv1")).toMatchObject({ x: "maxpool" });
    expect(layer(spec, "layer1.0.downsample.0")).toMatchObject({ x: "maxpool" });
    expect(layer(namedSpec("resnetv2-20"), "layer1.0.add")).toMatchObject({ b: "relu" });
  });

  test("begins a v2 network as timm does: a bare stem, and a first block like any other that changes shapes", () => {
    const spec = namedSpec("resnetv2-50");
    expect(layer(spec, "bn1")).toBeUndefined();
    expect(layer(spec, "maxpool")).toMatchObject({ x: "conv1" });
    expect(layer(spec, "layer1.0.bn1")).toMatchObject({ x: "maxpool" });
    expect(layer(spec, "layer1.0.downsample.0")).toMatchObject({ x: "layer1.0.relu1" });
  });

  test("shares a v2 block's first activation where shapes differ, and not where they agree", () => {
    const spec = resnet(20, { activation: "pre" });
    expect(layer(spec, "layer1.1.add")).toMatchObject({ b: "layer1.0.add" });
    expect(layer(spec, "layer2.0.downsample")).toMatchObject({ kind: "zeroPad", x: "layer2.0.relu1" });
  });

  test("puts the stride where strideAt says", () => {
    const stride = (name: string) => layer(namedSpec(name), "layer2.0.conv1");
    expect(stride("resnet50")).toMatchObject({ stride: 1, output: [128, 56, 56] });
    expect(stride("resnet50_v1")).toMatchObject({ stride: 2, output: [128, 28, 28] });
  });

  test("pads with zeros after the image's channels, or around them", () => {
    const pad = (zeroPadding: "after" | "around") => layer(resnet(20, { zeroPadding }), "layer3.0.downsample");
    expect(pad("after")).toMatchObject({ kind: "zeroPad", stride: 2, before: 0, after: 32 });
    expect(pad("around")).toMatchObject({ kind: "zeroPad", stride: 2, before: 16, after: 16 });
  });

  test("projects every shortcut in option C", () => {
    const projections = names(resnet(34, { shortcut: "C" }), "layer").filter((name) => name.endsWith("downsample.0"));
    expect(projections.length).toBe(16);
  });

  test("drops features before the dense layer when the spec says so", () => {
    expect(layer(resnet(20, { head: { dropout: 0.3 } }), "fc")).toMatchObject({ x: "dropout" });
    expect(layer(resnet(20), "dropout")).toBeUndefined();
  });
});

describe("parametersOf(layer)", () => {
  test("names tensors as torchvision's state dict does, in its order", () => {
    const named = layersOf(resnet(18)).flatMap((l) =>
      parametersOf(l).map(({ name, shape }) => `${name} ${shape.join("×")}`),
    );
    expect(named.length).toBe(102); // len(resnet18().state_dict()) = 122, of which 20 are num_batches_tracked
    expect(named.slice(0, 6)).toEqual([
      "conv1.weight 64×3×7×7",
      "bn1.weight 64",
      "bn1.bias 64",
      "bn1.running_mean 64",
      "bn1.running_var 64",
      "layer1.0.conv1.weight 64×64×3×3",
    ]);
    expect(named.filter((name) => name.startsWith("layer2.0.downsample"))).toEqual([
      "layer2.0.downsample.0.weight 128×64×1×1",
      "layer2.0.downsample.1.weight 128",
      "layer2.0.downsample.1.bias 128",
      "layer2.0.downsample.1.running_mean 128",
      "layer2.0.downsample.1.running_var 128",
    ]);
    expect(named.slice(-2)).toEqual(["fc.weight 1000×512", "fc.bias 1000"]);
  });
});

describe("layersOf(spec), for dense blocks,", () => {
  test("is W₂·relu(W₁·x) + x, with a projection where widths differ and no batch norm", () => {
    const spec = namedSpec("residual-mlp-5");
    expect(layersOf(spec).map(({ name, kind }) => `${name} ${kind}`)).toEqual([
      "flatten flatten",
      "layer1.0.fc1 dense",
      "layer1.0.relu1 relu",
      "layer1.0.fc2 dense",
      "layer1.0.downsample dense",
      "layer1.0.add add",
      "layer1.1.fc1 dense",
      "layer1.1.relu1 relu",
      "layer1.1.fc2 dense",
      "layer1.1.add add",
      "fc dense",
    ]);
    expect(layer(spec, "layer1.0.downsample")).toMatchObject({ x: "flatten", inFeatures: 784, outFeatures: 256 });
    expect(layer(spec, "layer1.1.add")).toMatchObject({ a: "layer1.1.fc2", b: "layer1.0.add" });
  });

  test("is a plain perceptron without shortcuts, and follows any widths", () => {
    const stages = [
      { blocks: 1, width: 12, stride: 1 },
      { blocks: 1, width: 5, stride: 1 },
    ];
    const spec = namedSpec("plain-mlp-5", { stages, activation: "post" });
    expect(names(spec, "layer2.0.")).toEqual(["fc1", "relu1", "fc2", "relu2"].map((l) => `layer2.0.${l}`));
    expect(layer(spec, "fc")).toMatchObject({ x: "layer2.0.relu2", inFeatures: 5 });
  });
});
