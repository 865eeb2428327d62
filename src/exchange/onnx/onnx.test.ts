import { describe, expect, test } from "vitest";
import { namedSpec } from "../../spec/named-networks.ts";
import type { ResNetSpec } from "../../spec/spec.ts";
import { randomNetwork } from "../structure/random-network.test.fixture.ts";
import { ints } from "./attributes.ts";
import { networkFromOnnx } from "./network-from-onnx.test.fixture.ts";
import { readOnnx } from "./onnx.ts";
import type { OnnxModel } from "./onnx-model.ts";
import { bits, fileOf, node, refusal, replaced, small } from "./small-models.test.fixture.ts";
import { onnxModel } from "./write-onnx.ts";

const images = { input: [3, 40, 48] } as const;

describe("networkFromOnnx(bytes, file) of a file of ours", () => {
  const networks: readonly (readonly [string, ResNetSpec])[] = [
    ["basic blocks", small("resnet18", images)],
    ["bottlenecks, grouped", small("resnet50", { ...images, groups: 2, widthPerGroup: 32 })],
    ["pre-activation", small("resnetv2-50", images)],
    ["exclusive gates", small("resnet110-exclusive-gating")],
    ["scaled paths", small("resnet110-constant-scaling")],
    ["averaged projections", small("resnet50-d", images)],
    ["zero-padding, averaged", small("resnet18-a", { ...images, shortcutDownsampling: "average" })],
    ["same padding", small("resnet18", { input: [3, 41, 50], padding: "same" })],
    ["biases of convolutions", small("resnet18", { ...images, convolutionBias: true })],
    ["a residual perceptron", namedSpec("residual-mlp-5", { input: [1, 5, 5] })],
    ["dropouts", small("resnet20", { blockDropout: 0.3, head: { dropout: 0.5 } })],
  ];
  test.each(networks)("gives back the spec, the texts and every bit: %s", (_, spec) => {
    const tensors = randomNetwork(spec, 1);
    const metadata = { classes: '["a"]', preprocessing: "{}" };
    const bytes = fileOf(onnxModel(spec, tensors, { metadata }));
    const read = networkFromOnnx(bytes, "m.onnx");
    expect(read.spec).toEqual(spec);
    expect(bits(read.tensors)).toEqual(bits(tensors));
    expect(readOnnx(bytes, "m.onnx")).toMatchObject({ kind: "tensors", metadata });
  });

  test.each(networks)(
    "gives back a folded network: batch norms that change nothing stand for the folded ones: %s",
    (_, spec) => {
      const folded = onnxModel(spec, randomNetwork(spec, 1), { foldBatchNorm: true });
      const read = networkFromOnnx(fileOf(folded), "m.onnx");
      expect(read.spec).toEqual(spec);
      // Folding what was read changes nothing but by a rounding: 1 / √(1 − ε + ε) is 1 within one.
      const again = onnxModel(read.spec, read.tensors, { foldBatchNorm: true });
      for (const [name, { data }] of folded.graph.initializers) {
        const [before, after] = [data, again.graph.initializers.get(name)?.data].map(
          (each) => new Float32Array((each ?? new Uint8Array()).slice().buffer),
        );
        expect(after?.length).toBe(before?.length);
        for (const [i, value] of (before ?? []).entries())
          expect(Math.abs(value - (after?.[i] ?? Number.NaN))).toBeLessThanOrEqual(2 ** -22 * Math.abs(value));
      }
    },
  );

  test("goes by its graph once another program has changed it, and takes the spec for what it must be", () => {
    const spec = small("resnet18", images);
    const model = onnxModel(spec, randomNetwork(spec, 2));
    const identity = replaced("relu", (relu) => [{ ...relu, outputs: ["r"] }, node("Identity", ["r"], "relu")]);
    const changed = { ...model, graph: { ...model.graph, nodes: identity(model.graph.nodes) } };
    const read = networkFromOnnx(fileOf(changed), "m.onnx");
    expect([read.spec, bits(read.tensors)]).toEqual([spec, bits(randomNetwork(spec, 2))]);
    expect(readOnnx(fileOf(changed), "m.onnx").kind).toBe("graph");
    const pool = replaced("maxpool", (pool) => [
      { ...pool, attributes: new Map([...pool.attributes, ["strides", ints([1, 1])]]) },
    ]);
    const other = { ...model, graph: { ...model.graph, nodes: pool(model.graph.nodes) } };
    expect(refusal(() => networkFromOnnx(fileOf(other), "m.onnx"))).toBe(
      "m.onnx: isn't resnet18: node maxpool is maxPool 3, stride 1, padding 1 where maxPool 3, stride 2, padding 1 (maxpool) should be",
    );
  });

  test("refuses a spec that the graph can't be, before it is expanded", () => {
    const spec = small("resnet20");
    const model = onnxModel(spec, randomNetwork(spec, 1));
    const with_ = (text: string): OnnxModel => ({ ...model, metadata: { spec: text } });
    const huge = { ...spec, stages: [{ blocks: 1e9, width: 4, stride: 1 }] };
    expect(refusal(() => networkFromOnnx(fileOf(with_(JSON.stringify(huge))), "m"))).toMatch(
      /^m: spec: stages should be a list of at most 10000 blocks in all/,
    );
    const folded = onnxModel(spec, randomNetwork(spec, 1), { foldBatchNorm: true });
    const stages = spec.stages.map((stage) => ({ ...stage, width: stage.width * 2 ** 40 }));
    const wide = { ...folded, metadata: { spec: JSON.stringify({ ...spec, stages }) } };
    expect(refusal(() => networkFromOnnx(fileOf(wide), "m"))).toMatch(/^m: /);
    expect(refusal(() => networkFromOnnx(fileOf(with_("{")), "m"))).toBe("m: its metadata's spec is not valid JSON");
    expect(refusal(() => networkFromOnnx(fileOf(with_("{}")), "m"))).toMatch(/^m: spec: name should be/);
  });
});
