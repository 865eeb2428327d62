import { expect, test } from "vitest";
import { randomPurposes, randomStream } from "../base/philox.ts";
import { type NamedTensors, sharedZeros, tensor } from "../base/tensor.ts";
import { createReferenceEngine } from "../engine/reference/engine.ts";
import { buildGraph } from "../model/forward.ts";
import { initialTensors } from "../model/initial-tensors.ts";
import { foldTensors } from "../passes/fold-tensors.ts";
import { findFreeChannels } from "../passes/quantize/find-free-channels.ts";
import { namedSpec } from "../spec/named-networks.ts";
import { balanceNetwork } from "./balance-network.ts";
import { foldedGraph, lookAtActivations } from "./look-at-activations.ts";
import { measureActivations } from "./measure-activations.ts";

const spec = namedSpec("resnet50", { input: [3, 32, 32], classes: 4 });
const graph = foldedGraph(spec, 1);
const { normal } = randomStream(2, randomPurposes.synthetic);

/** Batch norms that make some channels four times as large as others. */
const tensors = new Map(
  [...initialTensors(spec, 1)].map(([name, each]) => {
    const isScale = /bn[12]\.weight$/.test(name);
    return [
      name,
      isScale
        ? tensor(
            "f32",
            each.shape,
            Float32Array.from(each.data, (_, c) => 2 ** (c % 3)),
          )
        : each,
    ];
  }),
);
const images = sharedZeros("f32", [2, ...spec.input]);
for (let i = 0; i < images.data.length; i++) images.data[i] = normal();
const batches = [{ images, count: 2 }];

test("findFreeChannels(graph) finds the stem's behind its pool, and those within blocks, but no shortcut's", () => {
  const free = findFreeChannels(graph).map(({ maker, seen, readers }) => [
    ...[maker.conv.name, seen.name],
    ...readers.map(({ name }) => name),
  ]);
  expect(free).toHaveLength(1 + 2 * 16);
  expect(free.slice(0, 3)).toEqual([
    ["conv1", "maxpool.y", "layer1.0.conv1", "layer1.0.downsample.0"],
    ["layer1.0.conv1", "layer1.0.relu1", "layer1.0.conv2"],
    ["layer1.0.conv2", "layer1.0.relu2", "layer1.0.conv3"],
  ]);
  // Filters in groups read a part of the channels each.
  const grouped = foldedGraph(namedSpec("resnext50_32x4d", { input: [3, 32, 32], classes: 4 }), 1);
  expect(findFreeChannels(grouped)).toHaveLength(1 + 16);
});

test("balanceNetwork(graph, folded, measured) scales channels, and the network answers as before", async () => {
  const engine = await createReferenceEngine();
  const folded = foldTensors(buildGraph(spec, { mode: "evaluation", batch: 1 }), tensors);
  const look = async (given: NamedTensors, name: string): Promise<Float32Array> => {
    let seen = new Float32Array();
    await lookAtActivations(engine, spec, given, new Set([name]), batches, (_, elements) => {
      seen = Float32Array.from(elements);
    });
    return seen;
  };
  const measured = await measureActivations(engine, spec, graph, folded, batches);
  const balanced = balanceNetwork(graph, folded, measured);
  const [before, after] = [await look(folded, "fc"), await look(balanced.folded, "fc")];
  const largest = Math.max(...before.map(Math.abs));
  // 50 layers of f32, each rounded and each weight once more: 2⁻²⁴ · √100 in the mean; a hundred times that is far from an error.
  for (const [i, logit] of before.entries()) expect(Math.abs((after[i] ?? 0) - logit) / largest).toBeLessThan(6e-5);

  // What was measured follows: the means of the scaled channels are those of the scaled network.
  const name = "layer1.0.relu1";
  const again = await measureActivations(engine, spec, graph, balanced.folded, batches);
  const [is, was, wanted] = [balanced, measured, again].map(({ means }) => means.get(name) ?? new Float64Array());
  expect(is).not.toEqual(was);
  for (const [c, mean] of (is ?? []).entries()) expect(mean).toBeCloseTo(wanted?.[c] ?? Number.NaN, 4);
  const [scaled, windows] = [balanced, again].map(({ covariances }) => covariances.get("layer1.0.conv3.weight") ?? []);
  for (const [i, each] of (scaled ?? []).entries()) {
    expect(Math.abs(each - (windows?.[i] ?? Number.NaN)) / Math.max(...(windows ?? []))).toBeLessThan(1e-4);
  }
  expect([...balanced.ranges.keys()]).toEqual(findFreeChannels(graph).map(({ maker }) => maker.y.name));
  await engine.dispose();
});
