// Calibration: how large a network's activations are on some images, and so what the levels of a quantised network are worth.
import { byteLevels } from "../base/dtype.ts";
import { invariant, UsageError } from "../base/errors.ts";
import type { NamedTensors } from "../base/tensor.ts";
import type { Batch } from "../data/batch.ts";
import type { Engine } from "../engine/contract.ts";
import { GraphBuilder } from "../graph/builder.ts";
import type { Graph } from "../graph/graph.ts";
import { buildGraph } from "../model/forward.ts";
import { foldGraph, foldTensors } from "../passes/fold-tensors.ts";
import { fuse } from "../passes/fuse.ts";
import type { Quantization } from "../passes/quantize/quantization.ts";
import { calibrationPoints } from "../passes/quantize/quantize-graph.ts";
import { quantizeTensors } from "../passes/quantize/quantize-tensors.ts";
import { makePlan } from "../plan/plan.ts";
import type { ResNetSpec } from "../spec/spec.ts";
import { ActivationHistogram, leastErrorRange } from "./activation-histogram.ts";
import { withResources } from "./resources.ts";

export interface QuantizedNetwork {
  /** Filters i8, biases and the rest f32: what the states of the quantised network hold. */
  readonly tensors: NamedTensors;
  readonly quantization: Quantization;
}

/** Images [batch, …input], of which the first `count` count; the other places are empty. */
export type CalibrationBatch = Pick<Batch, "images" | "count">;

/** The network in evaluation, in f32, batch norms folded: what is quantised. */
export const foldedGraph = (spec: ResNetSpec, batch: number): Graph =>
  foldGraph(buildGraph(spec, { mode: "evaluation", batch }));

/** The graph with the values at the calibration points as outputs beside its own. */
const observed = (graph: Graph, points: ReadonlyMap<string, unknown>): Graph => {
  const builder = GraphBuilder.from(graph);
  for (const node of graph.nodes) {
    for (const value of Object.values(node.results)) if (points.has(value.name)) builder.output(value);
  }
  return builder.build();
};

/**
 * Quantises a network: `tensors` are its parameters and running statistics; `batches` hold images such as it was trained on, all batches
 * of one shape; a few hundred images do. Each range makes the least squared error on them (leastErrorRange). Throws UsageError
 * where there is no image, or activations are not finite.
 */
export const calibrate = async (
  engine: Engine,
  spec: ResNetSpec,
  tensors: NamedTensors,
  batches: AsyncIterable<CalibrationBatch> | Iterable<CalibrationBatch>,
): Promise<QuantizedNetwork> => {
  const whole = buildGraph(spec, { mode: "evaluation", batch: 1 });
  const folded = foldTensors(whole, tensors);
  const graph = foldGraph(whole);
  const points = calibrationPoints(graph);
  const histograms = new Map([...points.keys()].map((name) => [name, new ActivationHistogram()]));
  await withResources(async (keep) => {
    const state = keep(await engine.createState(new Map(graph.states.map(({ name }) => [name, folded.get(name)!]))));
    let program: Awaited<ReturnType<Engine["compile"]>> | null = null;
    for await (const { images, count } of batches) {
      if (count === 0) continue;
      const [batch = 1, ...input] = images.shape;
      const [c, h, w] = [input[0] ?? 1, input[1] ?? 1, input[2] ?? 1];
      const planned = (): Graph => observed(foldedGraph({ ...spec, input: [c, h, w] }, batch), points);
      program ??= keep(await engine.compile(makePlan(fuse(planned(), engine.fusions)), state));
      const outputs = await program.run({ images }, "step");
      for (const [name, histogram] of histograms) {
        const { data } = outputs[name] ?? images; // the images are a point themselves
        invariant(data instanceof Float32Array, `${name} is f32`);
        histogram.add(data.subarray(0, (data.length / batch) * count));
      }
    }
    if (program === null) throw new UsageError("there is no image to calibrate on; give some");
  });
  const rangeOf = (name: string): number => {
    const [histogram, dtype] = [histograms.get(name), points.get(name)];
    invariant(histogram && dtype, `${name} is a calibration point`);
    if (histogram.hasNonFinite) {
      throw new UsageError(
        `${name}: activations are not finite on the images of the calibration, so they have no range`,
      );
    }
    return leastErrorRange(histogram, byteLevels[dtype][1]);
  };
  const ranges = Object.fromEntries([...points.keys()].map((name) => [name, rangeOf(name)]));
  const quantized = quantizeTensors(graph, folded, (name) => ranges[name] ?? 1);
  return {
    tensors: quantized.tensors,
    quantization: { ranges, filterScales: Object.fromEntries(quantized.filterScales) },
  };
};
