// Calibration: how large a network's activations are on some images, and so what the levels of a quantised network are worth.
import { byteLevels } from "../base/dtype.ts";
import { invariant, UsageError } from "../base/errors.ts";
import type { NamedTensors } from "../base/tensor.ts";
import type { Engine } from "../engine/contract.ts";
import { buildGraph } from "../model/forward.ts";
import { foldGraph, foldTensors } from "../passes/fold-tensors.ts";
import type { Quantization } from "../passes/quantize/quantization.ts";
import { calibrationPoints } from "../passes/quantize/quantize-graph.ts";
import { quantizeTensors } from "../passes/quantize/quantize-tensors.ts";
import type { ResNetSpec } from "../spec/spec.ts";
import { leastErrorRange } from "./activation-histogram.ts";
import { balanceNetwork } from "./balance-network.ts";
import type { CalibrationBatches } from "./look-at-activations.ts";
import { measureActivations } from "./measure-activations.ts";

export interface QuantizedNetwork {
  /** Filters i8, biases and the rest f32: what the states of the quantised network hold. */
  readonly tensors: NamedTensors;
  readonly quantization: Quantization;
}

/**
 * Quantises a network: `tensors` are its parameters and running statistics; `batches` hold images such as it was trained on, all batches
 * of one shape; a few hundred images do. Channels between two convolutions are scaled so that bytes tell them best (balanceChannels);
 * other ranges make the least squared error (leastErrorRange); small filters are rounded for what they see (roundWithFeedback), and biases
 * take off the mean error of rounded filters (quantizeTensors). Throws UsageError where there is no image, or activations are not finite.
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
  const measured = await measureActivations(engine, spec, graph, folded, batches);
  if (measured.images === 0) throw new UsageError("there is no image to calibrate on; give some");
  const balanced = balanceNetwork(graph, folded, measured);
  const rangeOf = (name: string): number => {
    const [histogram, dtype] = [measured.histograms.get(name), points.get(name)];
    invariant(histogram && dtype, `${name} is a calibration point`);
    if (histogram.hasNonFinite) {
      throw new UsageError(
        `${name}: activations are not finite on the images of the calibration, so they have no range`,
      );
    }
    return balanced.ranges.get(name) ?? leastErrorRange(histogram, byteLevels[dtype][1]);
  };
  const ranges = Object.fromEntries([...points.keys()].map((name) => [name, rangeOf(name)]));
  const quantized = quantizeTensors(
    graph,
    balanced.folded,
    (name) => ranges[name] ?? 1,
    balanced.means,
    balanced.covariances,
  );
  return {
    tensors: quantized.tensors,
    quantization: { ranges, filterScales: Object.fromEntries(quantized.filterScales) },
  };
};
