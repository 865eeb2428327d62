import { describe, expect, test } from "vitest";
import { tensor } from "../../base/tensor.ts";
import { interpretExactly } from "../../engine/conformance/interpret.ts";
import { GraphBuilder } from "../../graph/builder.ts";
import { buildGraph } from "../../model/forward.ts";
import { foldGraph, foldTensors } from "../../passes/fold-tensors.ts";
import { randomNetwork } from "../structure/random-network.test.fixture.ts";
import { ints } from "./attributes.ts";
import { refusal, small } from "./small-models.test.fixture.ts";
import { graphToExport, onnxModel, onnxNodes } from "./write-onnx.ts";

const spec = small("resnet18", { input: [3, 40, 48] });
const tensors = randomNetwork(spec, 1);

describe("onnxModel(spec, tensors, options)", () => {
  test("has the network's tensors under their names, an open batch, and the spec in its metadata", () => {
    const { graph, irVersion, opset, producer, metadata } = onnxModel(spec, tensors, {
      metadata: { classes: "[]" },
      version: "9",
    });
    expect([...graph.initializers.keys()].toSorted()).toEqual([...tensors.keys()].toSorted());
    expect(graph.inputs).toEqual([{ name: "images", dataType: 1, shape: ["N", 3, 40, 48] }]);
    expect(graph.outputs).toEqual([{ name: "logits", dataType: 1, shape: ["N", 5] }]);
    expect([irVersion, opset, producer]).toEqual([8, 17, { name: "residual", version: "9" }]);
    expect(metadata).toEqual({ classes: "[]", spec: JSON.stringify(spec) });
  });

  test("writes a convolution, its bias and its batch norm as one node when folded", () => {
    const biased = small("resnet18", { input: [3, 40, 48], convolutionBias: true });
    const ops = (fold: boolean) => {
      const { graph } = onnxModel(biased, randomNetwork(biased, 1), { foldBatchNorm: fold });
      return graph.nodes.slice(0, 3).map(({ op, name, inputs }) => `${name}: ${op}(${inputs})`);
    };
    expect(ops(false)).toEqual([
      "conv1: Conv(images,conv1.weight,conv1.bias)",
      "bn1: BatchNormalization(conv1,bn1.weight,bn1.bias,bn1.running_mean,bn1.running_var)",
      "relu: Relu(bn1)",
    ]);
    expect(ops(true).slice(0, 2)).toEqual(["bn1: Conv(images,conv1.weight,conv1.bias)", "relu: Relu(bn1)"]);
  });

  test("writes windows as ONNX has them: top, left, bottom, right", () => {
    const same = small("resnet18", { input: [3, 48, 52], padding: "same" });
    const { graph } = onnxModel(same, randomNetwork(same, 1));
    const conv = graph.nodes.find(({ name }) => name === "layer2.0.conv1");
    expect(conv?.attributes.get("pads")).toEqual(ints([0, 1, 1, 1])); // a map of 12 × 13, of which stride 2 makes 6 × 7
  });

  test("refuses operators of other versions, other tensors, and graphs of training", () => {
    expect(refusal(() => onnxModel(spec, tensors, { opset: 16 }))).toBe(
      "ONNX is written with operators of version 17 to 23, not 16",
    );
    expect(refusal(() => onnxModel(small("resnet20"), tensors))).toMatch(
      /^resnet20: these are not the weights of resnet20 for \[3, 32, 32\] and 5 classes: /,
    );
    expect(refusal(() => onnxNodes(buildGraph(spec, { mode: "training", batch: 2 })))).toBe(
      "bn1 (batchNormTrain) can't be written as ONNX, which is for inference; export a graph in evaluation, without fusions",
    );
  });

  test("gives a bias of its own its axes, where no convolution takes it", () => {
    const builder = new GraphBuilder();
    const x = builder.input("images", "f32", [1, 2, 3, 3]);
    builder.output(builder.add("addBias", "biased", { x, bias: builder.state("b", "f32", [2]) }, {}).y);
    expect(onnxNodes(builder.build()).map(({ op, inputs, outputs }) => `${op}(${inputs}) -> ${outputs}`)).toEqual([
      "Constant() -> biased.axes",
      "Unsqueeze(b,biased.axes) -> biased.bias",
      "Add(images,biased.bias) -> logits",
    ]);
  });
});

test.each(["resnet18", "resnetv2-50", "resnet50"])(
  "foldGraph and foldTensors leave the function of %s what it was",
  (name) => {
    const each = small(name, { input: [3, 24, 24], convolutionBias: true });
    const given = randomNetwork(each, 2);
    const images = tensor(
      "f32",
      [1, 3, 24, 24],
      Float32Array.from({ length: 3 * 24 * 24 }, (_, i) => Math.sin(i)),
    );
    const graph = graphToExport(each);
    const logits = (of: typeof graph, with_: typeof given) =>
      interpretExactly(of, new Map([...with_, ["images", images]])).get("fc");
    const folded = foldGraph(graph);
    const norms = folded.nodes.filter(({ kind }) => kind === "batchNormInference").length;
    expect(norms > 0).toBe(name === "resnetv2-50"); // those that follow an addition or a pool
    expect(folded.states.length).toBeLessThan(graph.states.length);
    const [before, after] = [logits(graph, given) ?? [], logits(folded, foldTensors(graph, given)) ?? []];
    const norm = Math.hypot(...before);
    const off = Math.hypot(...Array.from(before, (value, i) => value - (after[i] ?? Number.NaN)));
    // Both run in f64: only the folded weights were rounded to f32, by u = 2⁻²⁴ each, in some 20 layers one after another.
    expect(off / norm).toBeLessThan(20 * 8 * 2 ** -24);
    expect(off).toBeGreaterThan(0);
  },
);
