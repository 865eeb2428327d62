// Graphs that other programs write, each made from one of ours by writing the same otherwise.
import { describe, expect, test } from "vitest";
import type { ResNetSpec } from "../../spec/spec.ts";
import { randomNetwork } from "../structure/random-network.test.fixture.ts";
import { float, floats, int, ints, longs, string } from "./attributes.ts";
import { networkFromOnnx } from "./network-from-onnx.test.fixture.ts";
import type { OnnxModel, OnnxNode } from "./onnx-model.ts";
import { bits, fileOf, foreign, node, refusal, replaced, small } from "./small-models.test.fixture.ts";
import { onnxModel } from "./write-onnx.ts";

const images = { input: [3, 40, 48] } as const;

describe("networkFromOnnx(bytes, file) of another program's file", () => {
  const spec = small("resnet18", images);
  const tensors = randomNetwork(spec, 3);
  const whole = onnxModel(spec, tensors);
  const read = (model: OnnxModel, given: ResNetSpec | null = null) => networkFromOnnx(fileOf(model), "m.onnx", given);
  const changed = (...args: Parameters<typeof replaced>) => foreign(whole, replaced(...args));

  test.each<[string, ResNetSpec]>([
    ["basic", spec],
    ["bottleneck, grouped", small("resnet50", { ...images, groups: 2, widthPerGroup: 32 })],
    ["option A", small("resnet20")],
    ["option A, zeros around", small("resnet20", { zeroPadding: "around" })],
    ["pre-activation, timm's", small("resnetv2-50", images)],
    ["plain", small("plain18", images)],
    ["relu before addition", small("resnet110-relu-before-addition")],
  ])("recognises the network by its structure, bit for bit: %s", (_, each) => {
    const given = randomNetwork(each, 4);
    const found = read(foreign(onnxModel(each, given)));
    expect(found.spec).toEqual({ ...each, name: "imported" });
    expect(bits(found.tensors)).toEqual(bits(given));
  });

  test("gives folded batch norms back as ones that change nothing", () => {
    const folded = onnxModel(spec, tensors, { foldBatchNorm: true });
    const found = read(foreign(folded));
    expect(found.spec).toEqual({ ...spec, name: "imported" });
    expect(found.tensors.get("conv1.weight")?.data).toEqual(
      networkFromOnnx(fileOf(folded), "m.onnx").tensors.get("conv1.weight")?.data,
    );
    expect(found.tensors.get("bn1.weight")?.data).toEqual(new Float32Array(4).fill(1));
  });

  const identical = (model: OnnxModel): void => {
    const found = read(model);
    expect(found.spec).toEqual({ ...spec, name: "imported" });
    expect(bits(found.tensors)).toEqual(bits(tensors));
  };
  const gemm = (): readonly OnnxNode[] => whole.graph.nodes.filter(({ op }) => op === "Gemm");
  const transposedHead = (): OnnxModel => {
    const { data, shape } = tensors.get("fc.weight") ?? { data: [], shape: [] };
    const [out = 0, inner = 0] = shape;
    const turned = Float32Array.from(
      { length: data.length },
      (_, i) => data[(i % out) * inner + Math.floor(i / out)] ?? 0,
    );
    const model = changed("Gemm", () => [
      node("MatMul", ["avgpool", "matrix"], "product"),
      node("Add", ["fc.bias", "product"], "logits"),
    ]);
    const initializers = new Map([...model.graph.initializers, ["matrix", floats("matrix", [inner, out], turned)]]);
    return { ...model, graph: { ...model.graph, initializers } };
  };
  const rewritten: readonly (readonly [string, () => OnnxModel])[] = [
    [
      "a softmax at the end, dropout before the head",
      () =>
        changed("Gemm", (head) => [
          node("Dropout", ["avgpool"], "dropped"),
          { ...head, inputs: ["dropped", "fc.weight", "fc.bias"], outputs: ["l"] },
          node("Softmax", ["l"], "logits", { axis: int(-1) }),
        ]),
    ],
    ["MatMul and Add for the head", transposedHead],
    [
      "a mean over axes and Reshape",
      () =>
        changed("avgpool", (pool) => [
          node("ReduceMean", pool.inputs, "avgpool.map", { axes: ints([-2, -1]), keepdims: int(1) }),
        ]),
    ],
    [
      "Squeeze for Flatten",
      () =>
        changed("avgpool.flatten", () => [
          node("Constant", [], "squeezed", { value: { kind: "tensor", value: longs([3, 2]) } }),
          node("Squeeze", ["avgpool.map", "squeezed"], "avgpool"),
        ]),
    ],
    [
      "an average of the whole map, and Reshape by a computed shape",
      () =>
        changed("avgpool", (pool) => [
          node("AveragePool", pool.inputs, "avgpool.map", { kernel_shape: ints([3, 3]), strides: ints([3, 3]) }),
        ]),
    ],
    [
      "Reshape by what Shape says",
      () =>
        changed("avgpool.flatten", () => [
          node("Shape", ["avgpool.map"], "s"),
          node("Constant", [], "zero", { value: { kind: "tensor", value: longs([0]) } }),
          node("Gather", ["s", "zero"], "n"),
          node("Constant", [], "rest", { value: { kind: "tensor", value: longs([-1]) } }),
          node("Concat", ["n", "rest"], "to", { axis: int(0) }),
          node("Reshape", ["avgpool.map", "to"], "avgpool"),
        ]),
    ],
    [
      "channels last, transposed and padded first",
      () => {
        const model = changed("conv1", (conv) => [
          node("Transpose", ["images"], "first", { perm: ints([0, 3, 1, 2]) }),
          node("Constant", [], "amounts", { value: { kind: "tensor", value: longs([0, 0, 3, 3, 0, 0, 3, 3]) } }),
          node("Pad", ["first", "amounts"], "padded", { mode: string("constant") }),
          {
            ...conv,
            inputs: ["padded", "conv1.weight"],
            attributes: new Map([...conv.attributes, ["auto_pad", string("VALID")]]),
          },
        ]);
        return {
          ...model,
          graph: { ...model.graph, inputs: [{ name: "images", dataType: 1, shape: ["", 40, 48, 3] }] },
        };
      },
    ],
    [
      "a Pad of zeros before the pool, behind a relu",
      () =>
        changed("maxpool", (pool) => [
          node("Pad", pool.inputs, "bordered", { pads: ints([0, 0, 1, 1, 0, 0, 1, 1]), value: float(0) }),
          { ...pool, inputs: ["bordered"], attributes: new Map([...pool.attributes, ["pads", ints([0, 0, 0, 0])]]) },
        ]),
    ],
    [
      "additions as Sum, the other way round",
      () =>
        foreign(whole, (nodes) =>
          nodes.map((each) => (each.op === "Add" ? { ...each, op: "Sum", inputs: each.inputs.toReversed() } : each)),
        ),
    ],
  ];
  test.each(rewritten)("reads the same network from %s", (_, model) => {
    expect(gemm()).toHaveLength(1);
    identical(model());
  });

  test("reads a size that is left open as the papers' one, and channels from the filters", () => {
    const model = foreign(whole);
    const open = {
      ...model,
      graph: { ...model.graph, inputs: [{ name: "images", dataType: 1, shape: ["N", "c", "h", "w"] }] },
    };
    expect(read(open).spec.input).toEqual([3, 224, 224]);
    expect(bits(read(open, spec).tensors)).toEqual(bits(tensors));
  });

  const extra = (op: string, attributes: OnnxNode["attributes"] = new Map()): OnnxModel =>
    changed("relu", (relu) => [
      { ...relu, outputs: ["r"] },
      { ...node(op, ["r"], "relu"), attributes },
    ]);
  const convWith = (name: string, values: readonly number[]): OnnxModel =>
    changed("conv1", (conv) => [{ ...conv, attributes: new Map([...conv.attributes, [name, ints(values)]]) }]);
  const refused: readonly (readonly [() => OnnxModel, string])[] = [
    [() => extra("HardSwish"), 'node "HardSwish_relu" (HardSwish) is an operation that no residual network here has'],
    [
      () => changed("relu", (relu) => [{ ...relu, domain: "com.microsoft" }]),
      'node "relu" (Relu) is an operation of "com.microsoft", not of ONNX itself',
    ],
    [() => extra("Softmax"), 'node "maxpool" (MaxPool) comes after a softmax, which only the end of a network has'],
    [() => convWith("dilations", [2, 2]), 'node "conv1" (Conv) has dilations of 2; a ResNet\'s windows have none'],
    [() => convWith("strides", [2, 1]), 'node "conv1" (Conv) has strides [2, 1]; a ResNet\'s are two that are alike'],
    [
      () => convWith("pads", [2, 2, 3, 3]),
      'node "conv1" (Conv) is padded by [2, 2, 3, 3] (top, left, bottom, right); only the same amount on all sides can be read',
    ],
    [
      () =>
        changed("avgpool", (pool) => [node("AveragePool", pool.inputs, "avgpool.map", { kernel_shape: ints([2, 2]) })]),
      'node "AveragePool_avgpool.map" (AveragePool) averages windows of 2×2 over a map of 3×3; only averages over the whole map can be read',
    ],
    [
      () =>
        changed("Gemm", (head) => [
          {
            ...head,
            attributes: new Map([
              ["alpha", float(0.5)],
              ["transB", int(1)],
            ]),
          },
        ]),
      'node "fc" (Gemm) has alpha 0.5; only 1 can be read',
    ],
    [
      () => changed("bn1", (norm) => [{ ...norm, attributes: new Map([["training_mode", int(1)]]) }]),
      'node "bn1" (BatchNormalization) has training_mode 1; only 0 can be read',
    ],
    [
      () => changed("conv1", (conv) => [{ ...conv, inputs: ["images", "gone"] }]),
      'node "conv1" (Conv) reads "gone", which no earlier node makes',
    ],
    [
      () => changed("relu", (relu) => [{ ...relu, outputs: ["bn1"] }]),
      'node "relu" (Relu) makes no value, or one that exists already',
    ],
    [
      () => changed("relu", (relu) => [{ ...relu, outputs: ["r"] }, node("Add", ["r", "bn1.bias"], "relu")]),
      'node "Add_relu" (Add) adds a constant; only the bias of a convolution or a dense layer, right behind it, can be read',
    ],
    [
      () =>
        changed("maxpool", (pool) => [
          node("Pad", pool.inputs, "b", { pads: ints([0, 0, 1, 1, 0, 0, 1, 1]), value: float(-1) }),
          { ...pool, inputs: ["b"] },
        ]),
      'node "maxpool" (MaxPool) pools over a border that may be larger than what it lies around, since no relu comes before',
    ],
    [() => ({ ...foreign(whole), opset: 6 }), "its operators are of version 6; 7 and later are read"],
    [
      () => ({
        ...foreign(whole),
        graph: { ...whole.graph, outputs: [...whole.graph.outputs, ...whole.graph.outputs] },
      }),
      "it has 2 outputs; a ResNet has one, logits or probabilities",
    ],
    [() => ({ ...foreign(whole), graph: { ...whole.graph, inputs: [] } }), "it has 0 inputs; a ResNet has one, images"],
    [
      () => ({
        ...foreign(whole),
        graph: { ...whole.graph, inputs: [{ name: "images", dataType: 1, shape: ["N", 9] }] },
      }),
      'its input "images" isn\'t a batch of images: four axes of floating-point numbers',
    ],
  ];
  test.each(refused)("refuses, with the node: case %#", (model, message) => {
    expect(refusal(() => read(model()))).toBe(`m.onnx: ${message}`);
  });

  test("tells where a given network differs", () => {
    expect(refusal(() => read(foreign(whole), small("resnet18", { ...images, activation: "pre" })))).toMatch(
      /^m\.onnx: isn't resnet18: node \S+ is \S+.* should be$/,
    );
  });
});
