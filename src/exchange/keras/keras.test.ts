import { describe, expect, test } from "vitest";
import { FormatError, UsageError } from "../../base/errors.ts";
import { type HostTensor, type NamedTensors, tensor } from "../../base/tensor.ts";
import { namedSpec } from "../../spec/named-networks.ts";
import type { ResNetSpec } from "../../spec/spec.ts";
import { randomNetwork } from "../structure/random-network.test.fixture.ts";
import { networkFromKeras, writeKeras } from "./keras.ts";

const narrow = (spec: ResNetSpec): ResNetSpec => ({
  ...spec,
  stem: spec.stem && { ...spec.stem, width: 6 },
  stages: spec.stages.map((stage, s) => ({ ...stage, blocks: 2, width: 4 * 2 ** s })),
});
const batchNorm = { epsilon: 1.001e-5, momentum: 0.01, runningVariance: "unbiased" } as const;
const bottleneck = narrow(namedSpec("resnet50_v1", { input: [3, 48, 48], classes: 7, batchNorm }));
/** As wide as the first stage: were the first block to project, both its paths would take the activation, and it would be no sign. */
const bareStem = {
  width: 4,
  before: [],
  kernel: 3,
  stride: 1,
  padding: "fixed",
  activated: false,
  pool: null,
} as const;
const refusal = (run: () => unknown): string => {
  try {
    run();
  } catch (error) {
    if (error instanceof FormatError || error instanceof UsageError) return error.message;
    throw error;
  }
  return "accepted";
};
/** The topology with one piece of its text replaced, wherever it stands. */
const edited = (topology: unknown, from: string, to: string): unknown => {
  const text = JSON.stringify(topology);
  expect(text).toContain(from);
  return JSON.parse(text.replaceAll(from, to));
};
const bits = (tensors: NamedTensors): readonly (readonly [string, string])[] =>
  [...tensors].map(([name, { data, shape }]) => {
    const bytes = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
    return [name, `${shape} ${bytes.toString("hex")}`];
  });

describe("writeKeras(spec, tensors), read by networkFromKeras", () => {
  test.each<[string, ResNetSpec]>([
    ["bottleneck blocks, stride in the first 1×1", bottleneck],
    ["bottleneck blocks, stride in the 3×3", narrow(namedSpec("resnet50", { input: [3, 40, 56], classes: 7 }))],
    ["basic blocks", narrow(namedSpec("resnet18", { input: [1, 40, 40], classes: 3 }))],
    ["basic blocks, projections everywhere", narrow(namedSpec("resnet20", { shortcut: "C" }))],
    ["a plain net", narrow(namedSpec("plain20"))],
    ["pre-activation, He's", narrow(namedSpec("resnetv2-50-he", { input: [3, 48, 48], classes: 7 }))],
    [
      "pre-activation, a bare stem",
      { ...narrow(namedSpec("resnet20", { shortcut: "B", activation: "pre" })), stem: bareStem },
    ],
    [
      "batch norm after addition",
      narrow(namedSpec("resnet20", { shortcut: "B", activation: "batch-norm-after-addition" })),
    ],
    ["relu before addition", narrow(namedSpec("resnet20", { shortcut: "B", activation: "relu-before-addition" }))],
    ["relu-only pre-activation", narrow(namedSpec("resnet20", { shortcut: "B", activation: "relu-only-pre" }))],
    ["no relu after addition", narrow(namedSpec("resnet20", { shortcut: "B", activation: "no-relu-after-addition" }))],
    ["an expansion of 2", narrow(namedSpec("resnet20", { shortcut: "B", expansion: 2 }))],
  ])("gives back the same network, bit for bit: %s", (_, spec) => {
    const tensors = randomNetwork(spec, 1);
    const network = networkFromKeras(writeKeras(spec, tensors), "model.json");
    expect(network.spec).toEqual({ ...spec, name: "imported" });
    expect(bits(network.tensors)).toEqual(bits(tensors));
  });

  test("keeps biases of convolutions for a spec that has them", () => {
    const spec = narrow(namedSpec("resnet20", { shortcut: "B", convolutionBias: true }));
    const tensors = randomNetwork(spec, 1);
    expect(tensors.get("conv1.bias")?.data).not.toContain(0);
    const model = writeKeras(spec, tensors);
    expect(bits(networkFromKeras(model, "m", spec).tensors)).toEqual(bits(tensors));
    expect(networkFromKeras(model, "m").spec.convolutionBias).toBe(false);
  });

  test("recognises a named network, and tells where a given one differs", () => {
    const spec = namedSpec("resnet18", { input: [3, 32, 32], classes: 2 });
    const model = writeKeras(spec, randomNetwork(spec, 1));
    expect(networkFromKeras(model, "m").spec).toEqual(spec);
    const other = namedSpec("resnet34", { input: [3, 32, 32], classes: 2 });
    expect(refusal(() => networkFromKeras(model, "m", other))).toBe(
      "m: isn't resnet34: node layer4.0.downsample.1 is batchNorm [512] where relu (layer4.0.relu2) should be",
    );
  });

  test("writes kernels as Keras has them: height, width, in, out", () => {
    const { tensors } = writeKeras(bottleneck, randomNetwork(bottleneck, 1));
    expect(tensors.get("conv1/kernel")?.shape).toEqual([7, 7, 3, 6]);
    const ours = randomNetwork(bottleneck, 1).get("conv1.weight")?.data ?? [];
    // [o, c, u, v] = [5, 2, 1, 3] lies at ((5·3 + 2)·7 + 1)·7 + 3 of ours, [1, 3, 2, 5] at ((1·7 + 3)·3 + 2)·6 + 5 of theirs.
    expect(tensors.get("conv1/kernel")?.data[((1 * 7 + 3) * 3 + 2) * 6 + 5]).toBe(ours[((5 * 3 + 2) * 7 + 1) * 7 + 3]);
  });

  test.each<[string, ResNetSpec, string]>([
    [
      "option A",
      narrow(namedSpec("resnet20")),
      "layer1.0.downsample (zeroPad) can't be written as a Keras model: it has no layer that adds channels of zeros",
    ],
    [
      "groups",
      { ...bottleneck, groups: 2, widthPerGroup: 32 },
      "layer1.0.conv2 (conv) can't be written as a Keras model: tfjs has no grouped convolutions",
    ],
    [
      "a padded pool before any relu",
      { ...bottleneck, activation: "pre", stem: bottleneck.stem && { ...bottleneck.stem, activated: false } },
      "maxpool (maxPool) can't be written as a Keras model: its pools pad with zeros, and no relu comes before this one",
    ],
    [
      "averages of ResNet-D",
      narrow(namedSpec("resnet50-d")),
      "layer2.0.downsample.0 (averagePool) can't be written as a Keras model: averages are, but only over whole maps",
    ],
    [
      "scaled paths",
      narrow(namedSpec("resnet110-constant-scaling", { shortcut: "B" })),
      "layer1.0.scaledShortcut (affine) can't be written as a Keras model: only shortcuts that are added as they are can be",
    ],
    [
      "gates",
      narrow(namedSpec("resnet110-exclusive-gating", { shortcut: "B" })),
      "layer1.0.gate.sigmoid (sigmoid) can't be written as a Keras model: only shortcuts that are added as they are can be",
    ],
    [
      "sides padded unlike",
      narrow(namedSpec("resnet20", { shortcut: "B", padding: "same" })),
      "layer2.0.conv1 (conv) can't be written as a Keras model: only windows with the same padding on all sides are",
    ],
    [
      "dense blocks",
      namedSpec("residual-mlp-5"),
      "flatten (flatten) can't be written as a Keras model: only networks of convolutions are",
    ],
  ])("refuses %s", (_, spec, problem) => {
    expect(refusal(() => writeKeras(spec, randomNetwork(spec, 1)))).toBe(
      `${spec.name}: ${problem}; write safetensors or ONNX`,
    );
  });
});

describe("networkFromKeras(model, file)", () => {
  const tensors = randomNetwork(bottleneck, 2);
  const model = writeKeras(bottleneck, tensors);

  test("folds biases of convolutions into running means", () => {
    const bias = tensor(
      "f32",
      [6],
      Float32Array.from({ length: 6 }, (_, i) => 0.3 * i - 1),
    );
    const stem = '"kernel_size":[7,7],"strides":[2,2],"use_bias":';
    const topology = edited(model.topology, `${stem}false`, `${stem}true`);
    const withBias = new Map<string, HostTensor>([...model.tensors, ["conv1/bias", bias]]);
    const read = networkFromKeras({ topology, tensors: withBias }, "m").tensors;
    const mean = tensors.get("bn1.running_mean")?.data ?? [];
    expect(read.get("bn1.running_mean")?.data).toEqual(
      Float32Array.from(bias.data, (value, i) => (mean[i] ?? 0) - value),
    );
    expect(read.get("bn1.running_var")).toEqual(tensors.get("bn1.running_var"));
  });

  test("reads Keras 3's links, and additions written the other way round", () => {
    const text = JSON.stringify(model.topology).replaceAll(
      /"inbound_nodes":\[\[((?:\["[^"]+",0,0,\{\}\],?)+)\]\]/g,
      (_, links: string) => {
        const names = [...links.matchAll(/\["([^"]+)"/g)].map(([, name]) => name).reverse();
        const args = names.map((name) => ({ class_name: "__keras_tensor__", config: { keras_history: [name, 0, 0] } }));
        return `"inbound_nodes":[${JSON.stringify({ args: [args], kwargs: {} })}]`;
      },
    );
    expect(text).not.toContain(",0,0,{}]");
    expect(bits(networkFromKeras({ ...model, topology: JSON.parse(text) }, "m").tensors)).toEqual(bits(tensors));
  });

  test.each([
    [
      '"class_name":"Add"',
      '"class_name":"Multiply"',
      "m: layer layer1.0.add (Multiply) is of a kind that no residual network here has",
    ],
    [
      '"activation":"relu"',
      '"activation":"elu"',
      'm: layer relu (Activation) has the activation "elu"; a ResNet\'s is relu',
    ],
    [
      '"padding":[[3,3],[3,3]]',
      '"padding":[[3,2],[3,3]]',
      "m: layer conv1.pad (ZeroPadding2D) pads by [[3,2],[3,3]]; only the same amount on all sides can be read",
    ],
    [
      '"kernel_size":[7,7]',
      '"kernel_size":[7,5]',
      "m: layer conv1 (Conv2D) has kernel_size [7,5]; a ResNet's are square",
    ],
    [
      '"dilation_rate":[1,1]',
      '"dilation_rate":[2,2]',
      "m: layer conv1 (Conv2D) has dilation_rate [2,2]; only [1,1] or 1 can be read",
    ],
    ['"relu",0,0', '"gone",0,0', "m: layer maxpool.pad reads gone, which no earlier layer is"],
    [
      '"class_name":"Model"',
      '"class_name":"Thing"',
      "m: its modelTopology is not that of a Keras model (Model, Functional or Sequential)",
    ],
  ])("refuses %s made %s", (from, to, message) => {
    expect(refusal(() => networkFromKeras({ ...model, topology: edited(model.topology, from, to) }, "m"))).toBe(
      message,
    );
  });

  test("refuses a missing weight, by name", () => {
    const without = new Map([...model.tensors].filter(([name]) => name !== "layer1.0.bn1/gamma"));
    expect(refusal(() => networkFromKeras({ ...model, tensors: without }, "m"))).toBe(
      "m: layer layer1.0.bn1 (BatchNormalization) has no weight layer1.0.bn1/gamma",
    );
  });

  test("refuses batch norms of different epsilon", () => {
    const text = JSON.stringify(model.topology).replace('"epsilon":0.00001001', '"epsilon":0.001'); // the first of them
    const topology: unknown = JSON.parse(text);
    expect(refusal(() => networkFromKeras({ ...model, topology }, "m"))).toMatch(
      /^m: node \S+ has epsilon 0.00001001 where others have 0.001; a spec has one$/,
    );
  });
});
