// `residual quantize`: weights whose convolutions are over bytes, and how often they answer as the weights they were made from.
import { stat } from "node:fs/promises";
import { UsageError } from "../base/errors.ts";
import { pixelShapeOf } from "../data/source.ts";
import { areFresh, chooseModel, type WeightsOptions } from "./choose-model.ts";
import type { CommandEnvironment } from "./environment.ts";
import { openSplits, type SplitOptions } from "./evaluate/open-splits.ts";
import { runOfWeights } from "./evaluate/run-of-weights.ts";
import { newFile } from "./new-file.ts";
import {
  checkQuantizeOptions,
  type QuantizedModel,
  type QuantizeModelOptions,
  quantizeModel,
} from "./quantize/quantize-model.ts";
import { saveModel } from "./trained-model.ts";

export interface QuantizeOptions extends QuantizeModelOptions, WeightsOptions, Pick<SplitOptions, "validation"> {
  readonly weights: string;
  /** A new safetensors file. */
  readonly out: string;
  /** A data set: activations are measured on images of its training split. */
  readonly calibrate: string;
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
export interface QuantizeResult extends Pick<QuantizedModel, "agreement" | "top1"> {
  readonly document: QuantizeDocument;
}

/**
 * Quantises weights after their training, writes them as a new safetensors file, and compares both on a split. Throws UsageError,
 * FormatError for weights or data that aren't any, for a file that can't be written, for weights that are quantised already, and
 * where activations are not finite; MissingError where data or a demanded engine are not there.
 */
export const quantize = async (options: QuantizeOptions, environment: CommandEnvironment): Promise<QuantizeResult> => {
  const { host, cacheFolder, onEvent } = environment;
  const { weights, out } = options;
  checkQuantizeOptions(options);
  if (!out.endsWith(".safetensors")) {
    throw new UsageError(`quantised weights are written as safetensors, so ${out} should end in .safetensors`);
  }
  const file = await newFile(out, host.cwd);
  const run = await runOfWeights(weights, host.cwd);
  const seedMakesWeights = await areFresh(weights, host.cwd);
  const data = await openSplits({ ...options, data: options.calibrate, seedMakesWeights }, run, true, environment);
  const input = pixelShapeOf(data.train);
  const named = { ...(input && { input }), classes: data.classes.length };
  const given = await chooseModel(weights, options, { cwd: host.cwd, cacheFolder, onEvent }, named);
  const { model, agreement, top1, split, calibrationImages } = await quantizeModel(
    given,
    weights,
    data,
    options,
    environment,
  );
  await saveModel(model, file, host.cwd);
  const { size: bytes } = await stat(file);
  const document: QuantizeDocument = {
    ...{ file, agreement: agreement.value, agreementInterval: agreement.interval, n: agreement.n, split },
    top1: top1 && { f32: top1.f32.value, int8: top1.int8.value },
    ...{ calibrationImages, bytes },
  };
  return { document, agreement, top1 };
};
