// Calibration: how large a network's activations are on some images, and so what the levels of a quantised network are worth.
import { byteLevels } from "../base/dtype.ts";
import { invariant, UsageError } from "../base/errors.ts";
import type { NamedTensors } from "../base/tensor.ts";
import type { Engine } from "../engine/contract.ts";
import { buildGraph } from "../model/forward.ts";
import { foldGraph, foldTensors } from "../passes/fold-tensors.ts";
import { findChains } from "../passes/quantize/find-chains.ts";
import type { Quantization } from "../passes/quantize/quantization.ts";
import { calibrationPoints } from "../passes/quantize/quantize-graph.ts";
import { quantizeTensors } from "../passes/quantize/quantize-tensors.ts";
import type { ResNetSpec } from "../spec/spec.ts";
import { ActivationHistogram, leastErrorRange } from "./activation-histogram.ts";
import { ChannelMeans } from "./channel-means.ts";
import { type CalibrationBatches, lookAtActivations } from "./look-at-activations.ts";

export interface QuantizedNetwork {
  /** Filters i8, biases and the rest f32: what the states of the quantised network hold. */
  readonly tensors: NamedTensors;
  readonly quantization: Quantization;
}

/**
 * Quantises a network: `tensors` are its parameters and running statistics; `batches` hold images such as it was trained on, all batches
 * of one shape; a few hundred images do. Each range makes the least squared error on them (leastErrorRange), and biases take off the mean
 * error of rounded filters (quantizeTensors). Throws UsageError where there is no image, or activations are not finite.
 */
export const calibrate = async (
  engine: Engine,
  spec: ResNetSpec,
  tensors: NamedTensors,
  batches: CalibrationBatches,
): Promise<QuantizedNetwork> => {
  const whole = buildGraph(spec, { mode: "evaluation", batch: 1 });
  const folded = foldTensors(whole, tensors);
  const graph = foldGraph(whole);
  const points = calibrationPoints(graph);
  const histograms = new Map([...points.keys()].map((name) => [name, new ActivationHistogram()]));
  const channels = new Map(
    findChains(graph).map(({ conv: { operands } }) => [operands.x.name, new ChannelMeans(operands.x.shape[1])]),
  );
  const names = new Set([...points.keys(), ...channels.keys()]);
  const images = await lookAtActivations(engine, spec, folded, names, batches, (name, elements, pixels) => {
    histograms.get(name)?.add(elements);
    channels.get(name)?.add(elements, pixels);
  });
  if (images === 0) throw new UsageError("there is no image to calibrate on; give some");
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
  const means = new Map([...channels].map(([name, each]) => [name, each.means()]));
  const quantized = quantizeTensors(graph, folded, (name) => ranges[name] ?? 1, means);
  return {
    tensors: quantized.tensors,
    quantization: { ranges, filterScales: Object.fromEntries(quantized.filterScales) },
  };
};
