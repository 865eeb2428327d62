// `residual evaluate`: how well a network does on a split of a data set, each image counted once.
import { resolve } from "node:path";
import type { Precision } from "../base/dtype.ts";
import { UsageError } from "../base/errors.ts";
import { nearest } from "../base/nearest.ts";
import type { DataSet } from "../data/data-set.ts";
import { tellBrokenOnce } from "../data/node/broken-images.ts";
import { fitPreprocessing } from "../data/node/fit-preprocessing.ts";
import { openEvaluationLoader } from "../data/node/loader.ts";
import type { Preprocessing } from "../data/preprocessing.ts";
import { type ImageSource, pixelShapeOf } from "../data/source.ts";
import type { Engine } from "../engine/contract.ts";
import { type Evaluation, evaluate as evaluateLogits } from "../evaluate/evaluate.ts";
import { evaluationPrograms } from "../train/evaluation-program.ts";
import { type EngineOptions, engineForInference } from "./choose-engine.ts";
import { chooseModel, type WeightsOptions } from "./choose-model.ts";
import { checkPrecision, precisionOf } from "./choose-precision.ts";
import type { CommandEnvironment } from "./environment.ts";
import { matchClasses } from "./match-classes.ts";
import { reestimate, statisticsBatch } from "./reestimate.ts";
import { saveModel, type TrainedModel } from "./trained-model.ts";

/** What `--json` prints: fractions, and the loss in nats. */
export interface EvaluateDocument {
  readonly split: string;
  /** Images. */
  readonly n: number;
  /** Images of the split that couldn't be decoded; counted in no other figure. What can't be read is out of the split from the start. */
  readonly broken: number;
  readonly top1: number;
  readonly top5: number;
  readonly loss: number;
  /** Where batch norm's statistics were estimated anew: everything above is with the new ones. */
  readonly reestimated?: ReestimatedDocument;
}

export interface ReestimatedDocument {
  /** Training images that were averaged over, in batches. */
  readonly images: number;
  readonly batch: number;
  readonly batches: number;
  /** In units of the channel's new deviation. */
  readonly largestMeanChange: { readonly layer: string; readonly channel: number; readonly deviations: number };
  /** With the statistics that the weights came with. */
  readonly before: { readonly top1: number; readonly top5: number; readonly loss: number };
  /** Where the model with new statistics was written. */
  readonly file: string | null;
}

export interface EvaluateOptions extends EngineOptions, WeightsOptions {
  readonly weights: string;
  readonly data: string;
  /** "test" (default), "train", or "validation" with `validation` images held out of train. */
  readonly split?: string;
  readonly validation?: number;
  /** Images at once; 128 by default. It changes the time, not the result's meaning. */
  readonly batch?: number;
  /** Estimate batch norm's statistics anew, as an average over batches of the training split, before the evaluation counts. */
  readonly reestimateStatistics?: boolean;
  /** Images of such a batch: it changes the statistics. By default the run's own batch, or 128. */
  readonly statisticsBatch?: number;
  /** A safetensors file for the model with the new statistics; without it nothing is written. */
  readonly save?: string;
  /** Of activations: "f32" (default) or "bf16". */
  readonly dtype?: string;
}

/** The document, with everything that a person may want to see beside it. */
export interface EvaluateResult {
  readonly document: EvaluateDocument;
  readonly evaluation: Evaluation;
  /** With the statistics that the weights came with, where others were estimated; else null. */
  readonly before: Evaluation | null;
  /** Class names by label: the data set's, or the weights' where a folder's classes are matched with them. */
  readonly classes: readonly string[];
}

export const evaluateDocument = ({ split, n, broken, top1, top5, loss }: Evaluation): EvaluateDocument => ({
  split,
  n,
  broken: broken.length,
  top1: top1.value,
  top5: top5.value,
  loss: loss.value,
});

/** Throws UsageError for options of a re-estimation that isn't asked for, and for a file that isn't safetensors. */
const checkReestimation = ({ reestimateStatistics, statisticsBatch, save }: EvaluateOptions): void => {
  const given = save !== undefined ? "--save" : statisticsBatch !== undefined ? "--statistics-batch" : null;
  if (given !== null && reestimateStatistics !== true) {
    throw new UsageError(`${given} is for statistics that are estimated anew; add --reestimate-statistics`);
  }
  if (save !== undefined && !save.endsWith(".safetensors")) {
    throw new UsageError(`--save writes safetensors, so ${save} should end in .safetensors`);
  }
};

const splitNames = ["test", "train", "validation"] as const;

/** The images of a split by its name. Throws UsageError for a name that is none, and where nothing is held out. */
const splitOf = (data: DataSet, split: string): ImageSource => {
  const name = splitNames.find((known) => known === split);
  if (name === undefined) {
    const near = nearest(split, splitNames);
    const remedy = near === null ? `known are ${splitNames.join(", ")}` : `did you mean "${near}"?`;
    throw new UsageError(`unknown split "${split}"; ${remedy}`);
  }
  const source = data[name];
  if (source !== null) return source;
  throw new UsageError(
    "nothing is held out for validation; say how many training images are, as in training, with --validation",
  );
};

/** Evaluates a model on images, on an engine; shared with training and the library. */
export const evaluateModel = async (
  model: TrainedModel & { readonly preprocessing: Preprocessing },
  source: ImageSource,
  split: string,
  batch: number,
  engine: Engine,
  environment: Pick<CommandEnvironment, "signal" | "onEvent">,
  precision: Precision = "f32",
): Promise<Evaluation> => {
  const { signal, onEvent } = environment;
  const size = Math.min(batch, source.labels.length);
  const state = await engine.createState(model.tensors);
  const programs = evaluationPrograms(engine, model.spec, state, precision);
  try {
    return await evaluateLogits({
      split,
      source,
      openBatches: () =>
        openEvaluationLoader({
          source,
          preprocessing: model.preprocessing,
          batch: size,
          onBroken: tellBrokenOnce("evaluation", onEvent),
        }),
      logitsFor: programs.logitsFor,
      onProgress: (images, ofImages) => onEvent({ event: "evaluating", split, images, ofImages }),
      ...(signal && { signal }),
    });
  } finally {
    await programs.dispose();
    await state.dispose();
  }
};

/** Throws UsageError, FormatError for what can't be evaluated; MissingError where data or a demanded engine are not there. */
export const evaluate = async (options: EvaluateOptions, environment: CommandEnvironment): Promise<EvaluateResult> => {
  checkReestimation(options);
  const { split = "test", batch = 128, validation = 0 } = options;
  if (!Number.isInteger(batch) || batch < 1) {
    throw new UsageError(`--batch should be a whole number of at least 1 but is ${batch}`);
  }
  const precision = precisionOf(options.dtype);
  const { host, cacheFolder, signal, onEvent } = environment;
  const data = await environment.openDataSet(options.data, {
    validation,
    ...(options.seed !== undefined && { seed: options.seed }),
    ...(signal && { signal }),
    onEvent,
  });
  onEvent({
    event: "data",
    name: data.name,
    origin: data.origin,
    trainImages: data.train.labels.length,
    validationImages: data.validation?.labels.length ?? 0,
    testImages: data.test.labels.length,
  });
  const images = splitOf(data, split);
  const input = pixelShapeOf(images);
  const named = { ...(input && { input }), classes: data.classes.length };
  const model = await chooseModel(options.weights, options, { cwd: host.cwd, cacheFolder, onEvent }, named);
  const { source, classes } = matchClasses(images, data, model.classes);
  const preprocessing = model.preprocessing ?? (await fitPreprocessing(data.train, model.spec.input));
  const reestimates = options.reestimateStatistics === true;
  const statistics = reestimates
    ? await statisticsBatch(options.statisticsBatch, options.weights, data.train.labels.length, host.cwd)
    : 0;
  const throughNetwork = source.labels.length * (reestimates ? 2 : 1) + (reestimates ? data.train.labels.length : 0);
  const { engine } = await engineForInference(options, model.spec, throughNetwork, environment);
  try {
    checkPrecision(precision, engine, environment);
    const given = { ...model, preprocessing };
    const evaluation = await evaluateModel(given, source, split, batch, engine, environment, precision);
    const document = evaluateDocument(evaluation);
    if (!reestimates) return { document, evaluation, before: null, classes };

    const { tensors, ...told } = await reestimate(given, data.train, statistics, engine, environment);
    const after = await evaluateModel({ ...given, tensors }, source, split, batch, engine, environment, precision);
    const file = options.save === undefined ? null : resolve(host.cwd, options.save);
    if (file !== null) await saveModel({ ...given, tensors }, file, host.cwd);
    const { top1, top5, loss } = document;
    const reestimated = { ...told, before: { top1, top5, loss }, file };
    return {
      document: { ...evaluateDocument(after), reestimated },
      evaluation: after,
      before: evaluation,
      classes,
    };
  } finally {
    await engine.dispose();
  }
};
