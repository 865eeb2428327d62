import { describe, expect, test } from "vitest";
import { UsageError } from "../base/errors.ts";
import { namedNetworks, namedSpec, resnet } from "./named-networks.ts";
import { parseSpec } from "./parse-spec.ts";

describe("namedSpec(name, options)", () => {
  test("gives every named network the shapes of its benchmark", () => {
    for (const { name, family } of namedNetworks) {
      const small = family.startsWith("CIFAR");
      const face = family.includes("face");
      const ordinary = small ? [3, 32, 32] : [3, 224, 224];
      const input = family.includes("perceptron") ? [1, 28, 28] : face ? [3, 150, 150] : ordinary;
      const classes = face ? 128 : input[1] === 224 ? 1000 : 10;
      const shortcut = /option (.)/.exec(family)?.[1] ?? (name.startsWith("plain") ? "none" : expect.any(String));
      expect(namedSpec(name)).toMatchObject({ name, input, classes, shortcut });
    }
  });

  test("knows names apart when case, - and _ are ignored, and accepts them so", () => {
    const keys = namedNetworks.map(({ name }) => name.replaceAll(/[-_]/g, ""));
    expect(new Set(keys).size).toBe(keys.length);
    expect(namedSpec("ResNet-50_v1")).toEqual(namedSpec("resnet50_v1"));
  });

  test("puts a bottleneck's stride in the 3×3, and the paper's v1 in the first 1×1", () => {
    expect(namedSpec("resnet50").strideAt).toBe("middle");
    expect(namedSpec("resnet50-v1").strideAt).toBe("first");
    expect(namedSpec("resnet18").strideAt).toBe("first");
  });

  test("knows each depth with each shortcut option, the family's own written out or not", () => {
    for (const depth of [18, 34, 50, 101, 152, 200, 20, 32, 44, 56, 110, 1202]) {
      const options = ["A", "B", "C"].map((option) => namedSpec(`resnet${depth}-${option}`).shortcut);
      expect(options, `resnet${depth}`).toEqual(["A", "B", "C"]);
      const own = namedSpec(`resnet${depth}`);
      expect(namedSpec(`resnet${depth}_${own.shortcut}`)).toEqual(own);
    }
  });

  test("names the ablations of Identity Mappings", () => {
    expect(namedSpec("resnet110-exclusive-gating").modulation).toEqual({ kind: "exclusive-gate", initialBias: -6 });
    expect(namedSpec("resnet164-relu-only-pre")).toMatchObject({ activation: "relu-only-pre", block: "bottleneck" });
    expect({ ...namedSpec("resnet110-full-pre"), name: "" }).toEqual({ ...namedSpec("resnetv2-110"), name: "" });
  });

  test("gives JSON that parses to the same spec", () => {
    for (const { name } of namedNetworks) {
      const spec = namedSpec(name, { input: [1, 128, 112], classes: 3 });
      expect(parseSpec(JSON.parse(JSON.stringify(spec)), "copy")).toEqual(spec);
    }
  });

  test("refuses an unknown name with the nearest known one", () => {
    expect(() => namedSpec("resnt20")).toThrow(new UsageError('unknown model "resnt20"; did you mean "resnet20"?'));
    expect(() => namedSpec("resnet50_v2")).toThrow('unknown model "resnet50_v2"; did you mean "resnet50_v1"?');
    expect(() => namedSpec("resnext50")).toThrow('unknown model "resnext50"; did you mean "resnet50"?');
    expect(() => namedSpec("mobilenet")).toThrow(
      'unknown model "mobilenet"; known are resnet18, resnet34, resnet18-a, ',
    );
  });
});

describe("resnet(depthOrName, options)", () => {
  test("takes a depth in layers or any name", () => {
    expect(resnet(20)).toEqual(namedSpec("resnet20"));
    expect(resnet("plain20")).toEqual(namedSpec("plain20"));
  });

  test("sets any field otherwise", () => {
    const spec = resnet(20, { input: [1, 28, 28], classes: 10, shortcut: "B", head: { dropout: 0.2 } });
    const head = { dropout: 0.2, bias: true };
    expect(spec).toEqual({ ...namedSpec("resnet20"), input: [1, 28, 28], shortcut: "B", head });
  });

  test("refuses a depth without a network", () => {
    expect(() => resnet(21)).toThrow(new UsageError('unknown model "resnet21"; did you mean "resnet20"?'));
  });

  test("refuses fields that make no network, beginning with the network's name", () => {
    expect(() => resnet(20, { classes: 0 })).toThrow(
      new UsageError(
        "resnet20: classes should be a whole number of at least 1 (ImageNet: 1000; CIFAR-10: 10) but is 0",
      ),
    );
  });
});
