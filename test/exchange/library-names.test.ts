// Names and shapes as other libraries have them, recognised from the tensors alone: torchvision's, which is asked, and those of timm
// (huggingface/pytorch-image-models at 0085149, timm/models/resnetv2.py and resnet.py) and of the ports for CIFAR
// (akamaster/pytorch_resnet_cifar10, resnet.py), written down here from their sources.
import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { FormatError } from "../../src/base/errors.ts";
import { elementCount, type Shape } from "../../src/base/shape.ts";
import { type NamedTensors, tensor, zeros } from "../../src/base/tensor.ts";
import { recogniseOrRefuse, recogniseTensors } from "../../src/exchange/names/recognise-tensors.ts";
import { namedSpec } from "../../src/spec/named-networks.ts";
import { hasTorch, python } from "./debian-torch.ts";

type Names = readonly (readonly [name: string, shape: Shape])[];
const memory = new ArrayBuffer(4 * 2048 * 2048 * 9);
/** Tensors that share their memory; counts of batches are integers. */
const tensorsOf = (names: Names): NamedTensors =>
  new Map(
    names.map(([name, shape]) => [
      name,
      name.endsWith("num_batches_tracked")
        ? zeros("i32", shape)
        : tensor("f32", shape, new Float32Array(memory, 0, elementCount(shape))),
    ]),
  );
const conv = (name: string, out: number, into: number, kernel: number): Names => [
  [`${name}.weight`, [out, into, kernel, kernel]],
];
const norm = (name: string, channels: number): Names => [
  ...["weight", "bias", "running_mean", "running_var"].map((part) => [`${name}.${part}`, [channels]] as const),
  [`${name}.num_batches_tracked`, []],
];
const stages = (blocks: readonly number[], block: (stage: number, index: number) => Names): Names =>
  blocks.flatMap((count, s) => Array.from({ length: count }, (_, b) => block(s, b)).flat());
const found = (names: Names): readonly string[] =>
  recogniseTensors(tensorsOf(names)).candidates.map(({ name }) => name);

describe("recogniseTensors(tensors) of torchvision", () => {
  const networks = {
    resnet18: "resnet18",
    resnet34: "resnet34",
    resnet50: "resnet50",
    resnet101: "resnet101",
    resnet152: "resnet152",
    resnext50_32x4d: "resnext50-32x4d",
    resnext101_32x8d: "resnext101-32x8d",
    resnext101_64x4d: "resnext101-64x4d",
    wide_resnet50_2: "wide-resnet50-2",
    wide_resnet101_2: "wide-resnet101-2",
  };
  const script = fileURLToPath(new URL("../../../tools/exchange/torchvision_names.py", import.meta.url)); // from dist/test/exchange
  const answer = z.record(z.string(), z.array(z.tuple([z.string(), z.array(z.number()), z.string()])));

  test("takes every ResNet that it has for what it is", { timeout: 300_000 }, (context) => {
    if (!hasTorch()) context.skip("Debian's python3-torch and python3-torchvision are not installed");
    const output = execFileSync(python, [script, ...Object.keys(networks)], { encoding: "utf8", maxBuffer: 2 ** 26 });
    const theirs = answer.parse(JSON.parse(output));
    for (const [name, ours] of Object.entries(networks)) {
      const names = theirs[name]?.map(([tensorName, shape]) => [tensorName, shape] as const) ?? [];
      expect(found(names)[0], name).toBe(ours);
    }
  });
});

describe("recogniseTensors(tensors) of timm", () => {
  /** PreActBottleneck: the shortcut is registered first, and projects wherever a stage begins. */
  const resnetV2 = (blocks: readonly number[]): Names => [
    ...conv("stem.conv", 64, 3, 7),
    ...stages(blocks, (s, b) => {
      const [name, out, mid] = [`stages.${s}.blocks.${b}`, 256 * 2 ** s, 64 * 2 ** s];
      const into = b > 0 ? out : s === 0 ? 64 : out / 2;
      return [
        ...(b === 0 ? conv(`${name}.downsample.conv`, out, into, 1) : []),
        ...norm(`${name}.norm1`, into),
        ...conv(`${name}.conv1`, mid, into, 1),
        ...norm(`${name}.norm2`, mid),
        ...conv(`${name}.conv2`, mid, mid, 3),
        ...norm(`${name}.norm3`, mid),
        ...conv(`${name}.conv3`, out, mid, 1),
      ];
    }),
    ...norm("norm", 2048),
    ["head.fc.weight", [1000, 2048, 1, 1]],
    ["head.fc.bias", [1000]],
  ];

  test.each<[string, readonly number[]]>([
    ["resnetv2-50", [3, 4, 6, 3]],
    ["resnetv2-101", [3, 4, 23, 3]],
    ["resnetv2-152", [3, 8, 36, 3]],
  ])("takes %s for what it is, with the bare stem", (name, blocks) => {
    const { candidates, naming } = recogniseTensors(tensorsOf(resnetV2(blocks)));
    expect(candidates[0]).toEqual(namedSpec(name));
    expect(naming.name).toBe("timm-resnetv2");
  });

  test("refuses big transfer's, which have group normalisation, saying so", () => {
    const names = resnetV2([3, 4, 6, 3]).filter(([name]) => !/running_|num_batches/.test(name));
    expect(() => recogniseOrRefuse(tensorsOf(names), "m.safetensors")).toThrow(
      new FormatError(
        "m.safetensors",
        `its ${names.length} tensors are of a network that no spec here can be: their normalisations keep no running statistics, as ` +
          "group normalisation",
      ),
    );
  });

  /** Bottleneck of resnet.py; `shortcut` is where the projection's convolution stands in its Sequential. */
  const resnet = (
    blocks: readonly number[],
    groups: number,
    widthPerGroup: number,
    stem: Names,
    shortcut: 0 | 1,
  ): Names => [
    ...stem,
    ...norm("bn1", 64),
    ...stages(blocks, (s, b) => {
      const [name, out] = [`layer${s + 1}.${b}`, 256 * 2 ** s];
      const mid = groups * widthPerGroup * 2 ** s;
      const into = b > 0 ? out : s === 0 ? 64 : out / 2;
      return [
        ...conv(`${name}.conv1`, mid, into, 1),
        ...norm(`${name}.bn1`, mid),
        ...conv(`${name}.conv2`, mid, mid / groups, 3),
        ...norm(`${name}.bn2`, mid),
        ...conv(`${name}.conv3`, out, mid, 1),
        ...norm(`${name}.bn3`, out),
        ...(b === 0 ? conv(`${name}.downsample.${shortcut}`, out, into, 1) : []),
        ...(b === 0 ? norm(`${name}.downsample.${shortcut + 1}`, out) : []),
      ];
    }),
    ["fc.weight", [1000, 2048]],
    ["fc.bias", [1000]],
  ];
  const plainStem = conv("conv1", 64, 3, 7);
  const deepStem: Names = [
    ...conv("conv1.0", 32, 3, 3),
    ...norm("conv1.1", 32),
    ...conv("conv1.3", 32, 32, 3),
    ...norm("conv1.4", 32),
    ...conv("conv1.6", 64, 32, 3),
  ];

  test("takes resnet50, resnext50_32x4d, resnext101_64x4d and wide_resnet50_2 for what they are", () => {
    expect(found(resnet([3, 4, 6, 3], 1, 64, plainStem, 0))[0]).toBe("resnet50");
    expect(found(resnet([3, 4, 6, 3], 32, 4, plainStem, 0))[0]).toBe("resnext50-32x4d");
    expect(found(resnet([3, 4, 23, 3], 64, 4, plainStem, 0))[0]).toBe("resnext101-64x4d");
    expect(found(resnet([3, 4, 6, 3], 1, 128, plainStem, 0))[0]).toBe("wide-resnet50-2");
  });

  test("tells averaged projections (avg_down) by where the convolution stands; ResNet-D's deep stem is refused", () => {
    expect(found(resnet([3, 4, 6, 3], 1, 64, plainStem, 1))).toEqual(["resnet50-d"]);
    const deep = resnet([3, 4, 6, 3], 1, 64, deepStem, 1);
    expect(() => recogniseOrRefuse(tensorsOf(deep), "resnet50d.safetensors")).toThrow(
      new FormatError(
        "resnet50d.safetensors",
        `its ${deep.length} tensors are of a network that no spec here can be: their stem is several convolutions, as ResNet-D's`,
      ),
    );
  });
});

describe("recogniseTensors(tensors) of the ports for CIFAR", () => {
  /** DataParallel wraps the network; option A is a function without tensors, option B `shortcut.0` and `shortcut.1`. */
  const port = (blocks: number, projects: boolean): Names =>
    [
      ...conv("conv1", 16, 3, 3),
      ...norm("bn1", 16),
      ...stages([blocks, blocks, blocks], (s, b) => {
        const [name, out] = [`layer${s + 1}.${b}`, 16 * 2 ** s];
        const into = b === 0 && s > 0 ? out / 2 : out;
        return [
          ...conv(`${name}.conv1`, out, into, 3),
          ...norm(`${name}.bn1`, out),
          ...conv(`${name}.conv2`, out, out, 3),
          ...norm(`${name}.bn2`, out),
          ...(projects && into !== out ? conv(`${name}.shortcut.0`, out, into, 1) : []),
          ...(projects && into !== out ? norm(`${name}.shortcut.1`, out) : []),
        ];
      }),
      ["linear.weight", [10, 64]] as const,
      ["linear.bias", [10]] as const,
    ].map(([name, shape]) => [`module.${name}`, shape]);

  test("takes their networks for what they are, zeros on both sides", () => {
    for (const [blocks, name] of [
      [3, "resnet20"],
      [5, "resnet32"],
      [9, "resnet56"],
      [18, "resnet110"],
    ] as const) {
      const { candidates, naming, prefix } = recogniseTensors(tensorsOf(port(blocks, false)));
      expect(candidates[0]).toEqual(namedSpec(name, { zeroPadding: "around" }));
      expect([naming.name, prefix]).toEqual(["cifar-ports", "module."]);
    }
    expect(found(port(3, true))[0]).toBe("resnet20-b");
  });
});
