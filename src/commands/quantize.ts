// `residual quantize`: weights whose convolutions are over bytes, and how often they answer as the weights they were made from.
import { stat } from "node:fs/promises";
import { UsageError } from "../base/errors.ts";
import { fitPreprocessing } from "../data/node/fit-preprocessing.ts";
import { pixelShapeOf, selectImages } from "../data/source.ts";
import type { Metric } from "../evaluate/interval.ts";
import { calibrate } from "../train/calibrate.ts";
import { type EngineOptions, engineForInference } from "./choose-engine.ts";
import { chooseModel, type WeightsOptions } from "./choose-model.ts";
import type { CommandEnvironment } from "./environment.ts";
import { evaluateModel } from "./evaluate/evaluate-model.ts";
import { openSplits, type SplitOptions } from "./evaluate/open-splits.ts";
import { runOfWeights } from "./evaluate/run-of-weights.ts";
import { splitOf } from "./evaluate/split-of.ts";
import { newFile } from "./new-file.ts";
import { agreementOf } from "./quantize/agreement.ts";
import { calibrationBatches, calibrationImages } from "./quantize/calibration-images.ts";
import { labelsOf } from "./quantize/labels-of.ts";
import { saveModel, type TrainedModel } from "./trained-model.ts";
import { refuseQuantized } from "./weights/quantized-tensors.ts";

export interface QuantizeOptions extends EngineOptions, WeightsOptions, Pick<SplitOptions, "validation"> {
  readonly weights: string;
  /** A new safetensors file. */
  readonly out: string;
  /** A data set: activations are measured on images of its training split. */
  readonly calibrate: string;
  /** Training images to measure; 256 by default, fewer where there are fewer. */
  readonly images?: number;
  /** Whose images both are compared on: "test" (default), or "validation" with the images that are held out of train. */
  readonly split?: string;
  /** Images at once when they are compared; 32 by default. */
  readonly batch?: number;
}

export interface QuantizeDocument {
  /** What was written. */
  readonly file: string;
  /** Of the split's images, the fraction for which both answer the same class. */
  readonly agreement: number;
  /** 95 % (Wilson's interval), images. */
  readonly agreementInterval: readonly [low: number, high: number];
  readonly n: number;
  readonly split: string;
  /** Accuracy of both on the split; null where the data's classes are not the network's. */
  readonly top1: { readonly f32: number; readonly int8: number } | null;
  /** Training images that activations were measured on. */
  readonly calibrationImages: number;
  readonly bytes: number;
}

/** The document, and its figures with their intervals. */
export interface QuantizeResult {
  readonly document: QuantizeDocument;
  readonly agreement: Metric;
  readonly top1: { readonly f32: Metric; readonly int8: Metric } | null;
}

const defaultImages = 256;
const defaultBatch = 32;

const checkCount = (option: string, value: number): void => {
  if (Number.isInteger(value) && value >= 1) return;
  throw new UsageError(`--${option} should be a whole number of at least 1 but is ${value}`);
};

/**
 * Quantises weights after their training, writes them as a new safetensors file, and compares both on a split. Throws UsageError,
 * FormatError for weights or data that aren't any, for a file that can't be written, for weights that are quantised already, and
 * where activations are not finite; MissingError where data or a demanded engine are not there.
 */
export const quantize = async (options: QuantizeOptions, environment: CommandEnvironment): Promise<QuantizeResult> => {
  const { host, cacheFolder, onEvent, signal } = environment;
  const { weights, out, images = defaultImages, batch = defaultBatch, split = "test" } = options;
  checkCount("images", images);
  checkCount("batch", batch);
  if (!out.endsWith(".safetensors")) {
    throw new UsageError(`quantised weights are written as safetensors, so ${out} should end in .safetensors`);
  }
  if (split === "train") throw new UsageError("--split train was measured on; take test or validation");
  const file = await newFile(out, host.cwd);
  const run = await runOfWeights(weights, host.cwd);
  const data = await openSplits({ ...options, data: options.calibrate }, run, true, environment);
  const input = pixelShapeOf(data.train);
  const named = { ...(input && { input }), classes: data.classes.length };
  const model = await chooseModel(weights, options, { cwd: host.cwd, cacheFolder, onEvent }, named);
  refuseQuantized(model, weights, "quantise again");
  const preprocessing = model.preprocessing ?? (await fitPreprocessing(data.train, model.spec.input));
  const given = { ...model, preprocessing };
  const { source, known, notice } = labelsOf(splitOf(data, split), data, model);
  if (notice !== undefined) onEvent({ event: "notice", message: notice });
  const chosen = selectImages(data.train, calibrationImages(data.train.labels.length, images));
  const measured = chosen.labels.length;
  const { engine } = await engineForInference(options, model.spec, measured + 2 * source.labels.length, environment);
  try {
    const spec = { ...model.spec, input: [preprocessing.channels, ...preprocessing.size] } as const;
    const network = await calibrate(
      engine,
      spec,
      model.tensors,
      calibrationBatches(chosen, preprocessing, (done) => {
        onEvent({ event: "calibrating", images: done, ofImages: measured });
        signal?.throwIfAborted();
      }),
    );
    const quantized = { ...given, ...network };
    const before = await evaluateModel(given, source, { split, batch }, engine, environment);
    const after = await evaluateModel(quantized, source, { split, batch }, engine, environment);
    const agreement = agreementOf(before.logits, after.logits);
    await saveModel(quantized satisfies TrainedModel, file, host.cwd);
    const top1 = known ? { f32: before.top1, int8: after.top1 } : null;
    const { size: bytes } = await stat(file);
    const document: QuantizeDocument = {
      ...{ file, agreement: agreement.value, agreementInterval: agreement.interval, n: agreement.n, split },
      top1: top1 && { f32: top1.f32.value, int8: top1.int8.value },
      ...{ calibrationImages: measured, bytes },
    };
    return { document, agreement, top1 };
  } finally {
    await engine.dispose();
  }
};
