// Quantises a model on the training images of a data set, and compares both on images of another split.
import { UsageError } from "../../base/errors.ts";
import type { DataSet } from "../../data/data-set.ts";
import { fitPreprocessing } from "../../data/node/fit-preprocessing.ts";
import { selectImages } from "../../data/source.ts";
import type { Metric } from "../../evaluate/interval.ts";
import { calibrate } from "../../train/calibrate.ts";
import { type EngineOptions, engineForInference } from "../choose-engine.ts";
import { checkBytes } from "../choose-precision.ts";
import type { CommandEnvironment } from "../environment.ts";
import { evaluateModel } from "../evaluate/evaluate-model.ts";
import { splitOf } from "../evaluate/split-of.ts";
import type { TrainedModel } from "../trained-model.ts";
import { refuseQuantized } from "../weights/quantized-tensors.ts";
import { agreementOf } from "./agreement.ts";
import { calibrationBatches, calibrationImages } from "./calibration-images.ts";
import { labelsOf } from "./labels-of.ts";

export interface QuantizeModelOptions extends EngineOptions {
  /** Training images to measure; 256 by default, fewer where there are fewer. */
  readonly images?: number;
  /** Whose images both are compared on: "test" (default), or "validation" with the images that are held out of train. */
  readonly split?: string;
  /** Images at once when they are compared; 32 by default. */
  readonly batch?: number;
}

/** A model of bytes, and how it compares with the one that it was made from. */
export interface QuantizedModel {
  readonly model: TrainedModel;
  readonly split: string;
  /** Of the split's images, the fraction for which both answer the same class. */
  readonly agreement: Metric;
  /** Accuracy of both on the split; null where the data's classes are not the network's. */
  readonly top1: { readonly f32: Metric; readonly int8: Metric } | null;
  /** Training images that activations were measured on. */
  readonly calibrationImages: number;
}

const defaultImages = 256;
const defaultBatch = 32;
const defaultSplit = "test";

const checkCount = (option: string, value: number): void => {
  if (Number.isInteger(value) && value >= 1) return;
  throw new UsageError(`--${option} should be a whole number of at least 1 but is ${value}`);
};

/** Throws UsageError for options that make no sense, before anything is opened. */
export const checkQuantizeOptions = ({ images, batch, split }: QuantizeModelOptions): void => {
  if (images !== undefined) checkCount("images", images);
  if (batch !== undefined) checkCount("batch", batch);
  if (split === "train") throw new UsageError("--split train was measured on; take test or validation");
};

/** `title` is what messages call the weights. Throws UsageError, FormatError, MissingError as the command does. */
export const quantizeModel = async (
  model: TrainedModel,
  title: string,
  data: DataSet,
  options: QuantizeModelOptions,
  environment: CommandEnvironment,
): Promise<QuantizedModel> => {
  const { onEvent, signal } = environment;
  const { images = defaultImages, batch = defaultBatch, split = defaultSplit } = options;
  checkQuantizeOptions(options);
  refuseQuantized(model, title, "quantise again");
  const preprocessing = model.preprocessing ?? (await fitPreprocessing(data.train, model.spec.input));
  const given = { ...model, preprocessing };
  const { source, known, notice } = labelsOf(splitOf(data, split), data, model);
  if (notice !== undefined) onEvent({ event: "notice", message: notice });
  const chosen = selectImages(data.train, calibrationImages(data.train.labels.length, images));
  const measured = chosen.labels.length;
  const { engine } = await engineForInference(options, model.spec, measured + 2 * source.labels.length, environment);
  try {
    checkBytes(engine, "what is quantised is compared with what it was made from", "quantise on another processor");
    const spec = { ...model.spec, input: [preprocessing.channels, ...preprocessing.size] } as const;
    const batches = calibrationBatches(chosen, preprocessing, (done) => {
      onEvent({ event: "calibrating", images: done, ofImages: measured });
      signal?.throwIfAborted();
    });
    const quantized = { ...given, ...(await calibrate(engine, spec, model.tensors, batches)) };
    const before = await evaluateModel(given, source, { split, batch }, engine, environment);
    const after = await evaluateModel(quantized, source, { split, batch }, engine, environment);
    return {
      model: quantized,
      split,
      agreement: agreementOf(before.logits, after.logits),
      top1: known ? { f32: before.top1, int8: after.top1 } : null,
      calibrationImages: measured,
    };
  } finally {
    await engine.dispose();
  }
};
