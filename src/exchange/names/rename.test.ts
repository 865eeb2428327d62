import { describe, expect, test } from "vitest";
import { UsageError } from "../../base/errors.ts";
import { elementCount } from "../../base/shape.ts";
import { type HostTensor, type NamedTensors, tensor, zeros } from "../../base/tensor.ts";
import { parameterTable } from "../../model/parameter-table.ts";
import { namedSpec } from "../../spec/named-networks.ts";
import type { ResNetSpec } from "../../spec/spec.ts";
import { nameTemplate } from "./name-template.ts";
import { namings } from "./namings.ts";
import { recogniseOrRefuse, recogniseTensors } from "./recognise-tensors.ts";
import { fromTorchvision, toTorchvision } from "./rename.ts";

/** Tensors of a network's names and shapes that take no time to make: all of a shape share their memory. */
const tensorsOf = (spec: ResNetSpec): NamedTensors => {
  const memory = new ArrayBuffer(4 * Math.max(...parameterTable(spec).map(({ shape }) => elementCount(shape))));
  return new Map(
    parameterTable(spec).map(({ name, shape }) => [
      name,
      tensor("f32", shape, new Float32Array(memory, 0, elementCount(shape))),
    ]),
  );
};
const small = (name: string) => namedSpec(name, { input: [3, 32, 32], classes: 7 });
const named = (...names: readonly string[]): NamedTensors => new Map(names.map((name) => [name, zeros("f32", [1])]));
const prefixed = (prefix: string, tensors: NamedTensors): NamedTensors =>
  new Map([...tensors].map(([name, value]) => [prefix + name, value]));

describe("nameTemplate(text)", () => {
  test("reads numbers and what follows, and writes them, one more where it says so", () => {
    const [theirs, ours] = [nameTemplate("stages.{s}.blocks.{b}.norm{i}.*"), nameTemplate("layer{s+1}.{b}.bn{i}.*")];
    const parts = theirs.parse("stages.0.blocks.12.norm3.running_mean");
    expect(parts).toEqual({ numbers: { s: 0, b: 12, i: 3 }, rest: "running_mean" });
    expect(parts && ours.format(parts)).toBe("layer1.12.bn3.running_mean");
    expect(ours.parse("layer1.12.bn3.running_mean")).toEqual(parts);
  });

  test("takes names of its form only", () => {
    const template = nameTemplate("layer{s+1}.{b}.bn{i}.*");
    for (const name of [
      "layer1.0.bn1",
      "layer1.0.bn1.",
      "layer0.0.bn1.x",
      "layer01.0.bn1.x",
      "layer1x0.bn1.x",
      "alayer1.0.bn1.x",
    ]) {
      expect(template.parse(name), name).toBeNull();
    }
  });
});

describe("toTorchvision(tensors) and fromTorchvision(tensors, naming)", () => {
  const pre = tensorsOf(small("resnetv2-50"));

  test.each([
    ["timm-resnetv2", pre],
    ["cifar-ports", tensorsOf(small("resnet20"))],
    ["cifar-ports", tensorsOf(small("resnet18"))],
    ["transformers", tensorsOf(small("resnet50"))],
    ["torchvision", tensorsOf(small("resnet50"))],
  ])("are each other's inverse for %s, without copies", (naming, tensors) => {
    const theirs = fromTorchvision(tensors, naming);
    const back = toTorchvision(prefixed("module.", theirs));
    expect([back.naming.name, back.prefix]).toEqual([naming, "module."]);
    expect([...back.tensors].map(([name, { shape }]) => [name, shape])).toEqual(
      [...tensors].map(([name, { shape }]) => [name, shape]),
    );
    for (const [name, { data }] of tensors) expect(back.tensors.get(name)?.data === data, name).toBe(true);
  });

  test("write timm's names and its head, which is a convolution", () => {
    const theirs = fromTorchvision(pre, "timm-resnetv2");
    const names = [...theirs.keys()];
    for (const name of [
      "stem.conv.weight",
      "stages.0.blocks.0.norm1.running_var",
      "stages.3.blocks.2.conv3.weight",
      "stages.1.blocks.0.downsample.conv.weight",
      "norm.weight",
      "head.fc.bias",
    ]) {
      expect(names).toContain(name);
    }
    expect(theirs.get("head.fc.weight")?.shape).toEqual([7, 2048, 1, 1]);
    expect(theirs.get("head.fc.bias")?.shape).toEqual([7]);
  });

  test("write the ports' and transformers' names", () => {
    const tensors = tensorsOf(small("resnet18"));
    expect([...fromTorchvision(tensors, "cifar-ports").keys()]).toContain("layer2.0.shortcut.1.running_mean");
    expect([...fromTorchvision(tensors, "cifar-ports").keys()]).toContain("linear.weight");
    expect([...fromTorchvision(tensors, "transformers").keys()]).toContain(
      "resnet.encoder.stages.1.layers.0.layer.1.normalization.weight",
    );
    expect([...fromTorchvision(tensors, "transformers").keys()]).toContain("classifier.1.bias");
  });

  test("take off what wrappers put before every name, however nested, and nothing that only some have", () => {
    expect(toTorchvision(named("module._orig_mod.conv1.weight", "module._orig_mod.fc.weight"))).toMatchObject({
      prefix: "module._orig_mod.",
      naming: { name: "torchvision" },
    });
    expect([...toTorchvision(named("module.conv1.weight", "fc.weight")).tensors.keys()]).toEqual([
      "module.conv1.weight",
      "fc.weight",
    ]);
    expect(toTorchvision(new Map())).toMatchObject({ prefix: "" });
  });

  test("leave names of no known family as they are", () => {
    const tensors = named("features.0.weight", "stem.conv.weight");
    expect(toTorchvision(tensors)).toMatchObject({ tensors, naming: { name: "torchvision" } });
  });

  test("refuse a family that isn't known and a tensor that has no name there", () => {
    expect(() => fromTorchvision(pre, "keras")).toThrow(
      new UsageError(`no family of weights is named "keras"; known are ${namings.map(({ name }) => name).join(", ")}`),
    );
    expect(() => fromTorchvision(named("layer1.0.gate.weight"), "timm-resnetv2")).toThrow(
      new UsageError("timm's resnetv2 have no name for layer1.0.gate.weight, so it can't be written under their names"),
    );
  });
});

describe("recogniseTensors(tensors)", () => {
  test.each(["resnet18", "resnet34", "resnet50", "resnet20", "resnetv2-50", "resnet56"])(
    "recognises %s, its channels and classes",
    (name) => {
      const spec = namedSpec(name, { input: [1, 64, 64], classes: 7 });
      const { candidates } = recogniseTensors(tensorsOf(spec));
      expect(candidates[0]).toEqual({ ...spec, input: [1, ...namedSpec(name).input.slice(1)] });
    },
  );

  test("gives every network that has these tensors", () => {
    const names = recogniseTensors(tensorsOf(small("resnet50"))).candidates.map(({ name }) => name);
    expect(names.slice(0, 2)).toEqual(["resnet50", "resnet50_v1"]);
    const plain = recogniseTensors(tensorsOf(small("resnet20"))).candidates.map(({ name }) => name);
    expect(plain).toContain("resnet20");
    expect(plain).toContain("plain20");
    const withoutProjections = recogniseTensors(tensorsOf(small("plain18"))).candidates.map(({ name }) => name);
    expect(withoutProjections).toEqual(["resnet18-a", "plain18"]);
  });

  test("takes counts of batches for nothing, and prefixes off", () => {
    const tensors = new Map(tensorsOf(small("resnet20")));
    tensors.set("bn1.num_batches_tracked", zeros("i32", []));
    const { candidates, prefix } = recogniseTensors(prefixed("module.", tensors));
    expect([candidates[0]?.name, prefix]).toEqual(["resnet20", "module."]);
  });

  test("knows that the ports' option A pads with zeros on both sides", () => {
    const theirs = fromTorchvision(tensorsOf(small("resnet20")), "cifar-ports");
    expect(recogniseTensors(theirs).candidates[0]).toMatchObject({ name: "resnet20", zeroPadding: "around" });
  });

  test("finds nothing where a tensor is missing, of another shape, or of integers", () => {
    const spec = small("resnet20");
    for (const change of [
      (all: Map<string, HostTensor>) => all.delete("layer3.2.bn2.weight"),
      (all: Map<string, HostTensor>) => all.set("bn1.bias", zeros("f32", [17])),
      (all: Map<string, HostTensor>) => all.set("bn1.bias", zeros("i32", [16])),
      (all: Map<string, HostTensor>) => all.set("extra", zeros("f32", [1])),
    ]) {
      const tensors = new Map(tensorsOf(spec));
      change(tensors);
      expect(recogniseTensors(tensors).candidates).toEqual([]);
    }
  });
});

describe("recogniseOrRefuse(tensors, file)", () => {
  test("says what the tensors look like", () => {
    expect(() => recogniseOrRefuse(named("a", "b", "c", "d"), "m.pth")).toThrow(
      "m.pth: its 4 tensors (a, b, c …) are not those of a residual network; name the network with --model, by a spec file if it is one of your own",
    );
    expect(() => recogniseOrRefuse(named("layer1.1.conv1.weight", "layer3.0.conv1.weight"), "m.pth")).toThrow(
      "m.pth: its 2 tensors, with 2, 0, 1 blocks, are those of no named network; name the network with --model, by a spec file if it is one of your own",
    );
  });
});
