// Networks as PyTorch's exporter writes them, folded and not, of two versions of the operators: recognised, and with PyTorch's logits.
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { z } from "zod";
import { tensor } from "../../src/base/tensor.ts";
import { networkFromOnnx } from "../../src/exchange/onnx/network-from-onnx.test.fixture.ts";
import { buildGraph } from "../../src/model/forward.ts";
import type { ResNetSpec } from "../../src/spec/spec.ts";
import { f32Comparison } from "./f32-distance.ts";
import { fixtureBytes, fixturePath } from "./fixtures.ts";

const file = z.object({
  sha256: z.string(),
  input: z.tuple([z.number(), z.number(), z.number()]),
  logits: z.array(z.number()),
});
const manifest = z
  .object({ command: z.string(), versions: z.record(z.string(), z.string()), files: z.record(z.string(), file) })
  .parse(JSON.parse(readFileSync(fixturePath("onnx.golden.json"), "utf8")));

/** make_onnx.py's numbers. */
const numbers = (count: number): Float64Array =>
  Float64Array.from({ length: count }, (_, i) => ((i * 0.6180339887498949) % 1) * 2 - 1);

const stages = (widths: readonly number[]): ResNetSpec["stages"] =>
  widths.map((width, s) => ({ blocks: 1, width, stride: s === 0 ? 1 : 2 }));
const torchvision = { activation: "post", shortcut: "B", classes: 5, stages: stages([2, 4, 8, 16]) };
const networks: Readonly<Record<string, object>> = {
  "cifar-option-a.onnx": {
    block: "basic",
    shortcut: "A",
    zeroPadding: "around",
    stages: stages([4, 8, 16]),
    classes: 5,
  },
  "basic-folded.onnx": { block: "basic", ...torchvision },
  "basic.onnx": {
    block: "basic",
    ...torchvision,
    batchNorm: { epsilon: 1e-5, momentum: 0.1, runningVariance: "unbiased" },
  },
  "bottleneck.onnx": { block: "bottleneck", strideAt: "middle", ...torchvision },
};

test("the manifest names each file, by what it was made, and its bytes", () => {
  expect(Object.keys(manifest.files).toSorted()).toEqual(Object.keys(networks).toSorted());
  expect(manifest.versions.torch).toMatch(/^1\.13\./);
  for (const [name, { sha256 }] of Object.entries(manifest.files)) {
    expect(createHash("sha256").update(fixtureBytes(name)).digest("hex"), name).toBe(sha256);
    expect(fixtureBytes(name).length).toBeLessThan(60_000);
  }
});

test.each(Object.keys(networks))("%s is recognised, and gives PyTorch's logits", (name) => {
  const { input, logits } = manifest.files[name] ?? { input: [0, 0, 0], logits: [] };
  const { spec, tensors } = networkFromOnnx(fixtureBytes(name), name);
  expect(spec).toMatchObject({ name: "imported", input, ...networks[name] });
  const shape = [2, ...input];
  const images = tensor("f64", shape, numbers(shape.reduce((product, size) => product * size, 1)));
  const graph = buildGraph(spec, { mode: "evaluation", batch: 2 });
  // PyTorch's logits are f64 ones of f32 weights. Only where batch norms were folded did the exporter round weights: by f32's roundings.
  const { error, allowed } = f32Comparison(graph, new Map([...tensors, ["images", images]]))(Float32Array.from(logits));
  expect(error).toBeLessThanOrEqual(allowed);
  expect(allowed).toBeLessThan(1e-4 * Math.hypot(...logits));
});
