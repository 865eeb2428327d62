// onnxruntime, the referee, computes from our ONNX files what our definition of each network says: one of each kind.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { randomStream } from "../../src/base/philox.ts";
import { elementCount } from "../../src/base/shape.ts";
import { type HostTensor, tensor } from "../../src/base/tensor.ts";
import { networkFromOnnx } from "../../src/exchange/onnx/network-from-onnx.test.fixture.ts";
import { opsets, writeOnnx } from "../../src/exchange/onnx/onnx.ts";
import { randomNetwork } from "../../src/exchange/structure/random-network.test.fixture.ts";
import { buildGraph } from "../../src/model/forward.ts";
import { namedSpec, type SpecOptions } from "../../src/spec/named-networks.ts";
import type { ResNetSpec } from "../../src/spec/spec.ts";
import { f32Comparison } from "./f32-distance.ts";
import { type OnnxRuntime, openOnnxRuntime } from "./onnxruntime.fixture.ts";

let runtime: OnnxRuntime | string = "";
beforeAll(async () => {
  runtime = await openOnnxRuntime();
});

/** The same network with fewer, narrower blocks, so that running it in f64 takes moments. */
const small = (name: string, options: SpecOptions = {}): ResNetSpec => {
  const spec = namedSpec(name, { classes: 7, ...options });
  const stages = spec.stages.slice(0, 3).map((stage, s) => ({ ...stage, blocks: s === 1 ? 2 : 1, width: 8 * 2 ** s }));
  return { ...spec, stem: spec.stem && { ...spec.stem, width: 8 }, stages };
};
const images: SpecOptions = { input: [3, 40, 48] };

const kinds: readonly (readonly [string, ResNetSpec])[] = [
  ["basic, v1", small("resnet18", images)],
  ["bottleneck, v1", small("resnet50_v1", images)],
  ["bottleneck, v1.5", small("resnet50", images)],
  ["pre-activation, He's", small("resnetv2-50-he", images)],
  ["pre-activation, timm's", small("resnetv2-50", images)],
  ["ResNeXt", small("resnet50", { ...images, groups: 4, widthPerGroup: 16 })],
  ["option A", small("resnet18-a", images)],
  ["option A, zeros around", small("resnet20", { zeroPadding: "around" })],
  ["CIFAR's resnet20", namedSpec("resnet20")],
  ["averaged projections (ResNet-D), odd sizes", small("resnet50-d", { input: [3, 39, 47] })],
  ["averaged zero-padding (dlib)", small("resnet18-a", { ...images, shortcutDownsampling: "average" })],
  [
    "dlib's face net: whole windows, zeros below and to the right, no bias",
    small("dlib-face-29", { input: [3, 103, 109] }),
  ],
  ["ResNet-C's stem", small("resnet50-deep-stem", images)],
  ["constant scaling", small("resnet110-constant-scaling")],
  ["exclusive gates", small("resnet110-exclusive-gating", { shortcut: "B" })],
  ["shortcut gates", small("resnet110-shortcut-only-gating", { shortcut: "B" })],
  ["batch norm after addition", small("resnet110-bn-after-addition")],
  ["a residual perceptron", namedSpec("residual-mlp-5", { input: [1, 12, 12] })],
  ["a plain net", small("plain18", images)],
  ["biases of convolutions", small("resnet18", { ...images, convolutionBias: true })],
  ["same padding", small("resnet18", { input: [3, 41, 50], padding: "same" })],
  [
    "explicit, uneven padding",
    small("resnet18", { input: [3, 64, 64], padding: { top: 0, left: 0, bottom: 1, right: 1 } }),
  ],
  [
    "an even kernel in the stem, padded fixed",
    small("resnet18", { ...images, stem: { width: 8, kernel: 4, stride: 2, padding: "fixed", pool: null } }),
  ],
];

const batchOf = (spec: ResNetSpec, batch: number): HostTensor<"f32"> => {
  const { normal } = randomStream(7, 0, 0, 0);
  const shape = [batch, ...spec.input];
  return tensor(
    "f32",
    shape,
    Float32Array.from({ length: elementCount(shape) }, () => normal()),
  );
};
const joined = (parts: readonly Uint8Array[]): Uint8Array => new Uint8Array(Buffer.concat(parts));

describe("writeOnnx(spec, tensors, options), run by onnxruntime", () => {
  let worst = 0;
  afterAll(() => console.info(`the largest share of the f32 bound that onnxruntime used: ${worst.toFixed(2)}`));

  test.for(kinds)("gives the logits of the definition: %s", { timeout: 120_000 }, async ([, spec], context) => {
    if (typeof runtime === "string") return context.skip(runtime);
    const tensors = randomNetwork(spec, 3);
    const given = batchOf(spec, 2);
    const compare = f32Comparison(
      buildGraph(spec, { mode: "evaluation", batch: 2 }),
      new Map([...tensors, ["images", given]]),
    );
    for (const foldBatchNorm of [false, true]) {
      const { output, logits } = await runtime.run(joined(writeOnnx(spec, tensors, { foldBatchNorm })), given);
      expect([output, logits.shape]).toEqual(["logits", [2, spec.classes]]);
      const { share } = compare(logits.data);
      worst = Math.max(worst, share);
      expect(share, foldBatchNorm ? "folded" : "whole").toBeLessThanOrEqual(1);
    }
  });

  test("runs any number of images, each with the same logits as alone", async (context) => {
    if (typeof runtime === "string") return context.skip(runtime);
    const spec = small("resnet18", images);
    const file = joined(writeOnnx(spec, randomNetwork(spec, 4)));
    const whole = (await runtime.run(file, batchOf(spec, 5))).logits.data;
    const alone = (await runtime.run(file, batchOf(spec, 1))).logits.data;
    // The first image of both batches is the same; the runtime may sum in another order, by as much as the bound says.
    const norm = Math.hypot(...alone);
    const off = Math.hypot(...alone.map((value, i) => value - (whole[i] ?? Number.NaN)));
    expect(off / norm).toBeLessThan(1e-5);
  });

  test.for(opsets)("is a model of operators %i that the runtime takes", async (opset, context) => {
    if (typeof runtime === "string") return context.skip(runtime);
    const spec = small("resnet20");
    const tensors = randomNetwork(spec, 5);
    const given = batchOf(spec, 1);
    const { logits } = await runtime.run(joined(writeOnnx(spec, tensors, { opset })), given);
    expect(logits).toEqual((await runtime.run(joined(writeOnnx(spec, tensors)), given)).logits);
  });

  test("is read back as a network with the same logits, also where batch norms were folded", async (context) => {
    if (typeof runtime === "string") return context.skip(runtime);
    const spec = small("resnetv2-50", images);
    const given = batchOf(spec, 1);
    const folded = joined(writeOnnx(spec, randomNetwork(spec, 6), { foldBatchNorm: true }));
    const again = networkFromOnnx(folded, "m.onnx");
    const compare = f32Comparison(
      buildGraph(again.spec, { mode: "evaluation", batch: 1 }),
      new Map([...again.tensors, ["images", given]]),
    );
    expect(compare((await runtime.run(folded, given)).logits.data).share).toBeLessThanOrEqual(1);
  });
});
