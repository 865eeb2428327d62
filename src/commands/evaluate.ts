// `residual evaluate`: how well a network does on a split of a data set, each image counted once.
import { UsageError } from "../base/errors.ts";
import { fitPreprocessing } from "../data/node/fit-preprocessing.ts";
import { pixelShapeOf } from "../data/source.ts";
import type { Evaluation } from "../evaluate/evaluate.ts";
import { refuseLeftOut, strictly } from "./broken-images.ts";
import { type EngineOptions, engineForInference } from "./choose-engine.ts";
import { chooseModel, type WeightsOptions } from "./choose-model.ts";
import { checkPrecision, precisionOf } from "./choose-precision.ts";
import { sharedImagesSentences } from "./data/shared-images.ts";
import type { CommandEnvironment } from "./environment.ts";
import { type EvaluateDocument, evaluateDocument } from "./evaluate/document.ts";
import { evaluateModel } from "./evaluate/evaluate-model.ts";
import { openSplits, type SplitOptions } from "./evaluate/open-splits.ts";
import { fileToSave, type ReestimationOptions, reestimate, statisticsBatch } from "./evaluate/reestimate.ts";
import { runOfWeights } from "./evaluate/run-of-weights.ts";
import { splitOf } from "./evaluate/split-of.ts";
import { matchClasses } from "./match-classes.ts";
import { saveModel } from "./trained-model.ts";

/** `seed` decides fresh weights as well. */
export interface EvaluateOptions extends EngineOptions, WeightsOptions, SplitOptions, ReestimationOptions {
  readonly weights: string;
  /** "test" (default), "train", or "validation" with the images that are held out of train. */
  readonly split?: string;
  /** Images at once; 128 by default. It changes the time, not the result's meaning. */
  readonly batch?: number;
  /** Stops, with a list, where images can't be used; by default they are left out and counted. */
  readonly strict?: boolean;
  /** Of activations: "f32" (default) or "bf16"; statistics that are estimated anew are estimated in it as well. */
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

/**
 * Evaluates `weights` on a split of `data`; of a run, with the validation images and seed that it was trained with, unless the options
 * give others. Throws UsageError, FormatError for what can't be evaluated; MissingError where data or a demanded engine are not there.
 */
export const evaluate = async (options: EvaluateOptions, given: CommandEnvironment): Promise<EvaluateResult> => {
  const environment = options.strict === true ? strictly(given) : given;
  const { host, cacheFolder, onEvent } = environment;
  const file = await fileToSave(options, host.cwd);
  const { split = "test", batch = 128, reestimateStatistics: reestimates = false } = options;
  if (!Number.isInteger(batch) || batch < 1) {
    throw new UsageError(`--batch should be a whole number of at least 1 but is ${batch}`);
  }
  const precision = precisionOf(options.dtype);
  const run = await runOfWeights(options.weights, host.cwd);
  const data = await openSplits(options, run, split !== "test" || reestimates, environment);
  if (options.strict === true) refuseLeftOut(data);
  onEvent({
    event: "data",
    name: data.name,
    origin: data.origin,
    trainImages: data.train.labels.length,
    validationImages: data.validation?.labels.length ?? 0,
    testImages: data.test.labels.length,
  });
  for (const message of sharedImagesSentences(data)) onEvent({ event: "warning", message });
  const images = splitOf(data, split);
  const input = pixelShapeOf(images);
  const named = { ...(input && { input }), classes: data.classes.length };
  const model = await chooseModel(options.weights, options, { cwd: host.cwd, cacheFolder, onEvent }, named);
  const { source, classes, notice } = matchClasses(images, data, model.classes);
  if (notice !== undefined) onEvent({ event: "notice", message: notice });
  const preprocessing = model.preprocessing ?? (await fitPreprocessing(data.train, model.spec.input));
  const statistics = reestimates ? statisticsBatch(options.statisticsBatch, run, data.train.labels.length) : 0;
  const throughNetwork = source.labels.length * (reestimates ? 2 : 1) + (reestimates ? data.train.labels.length : 0);
  const { engine } = await engineForInference(options, model.spec, throughNetwork, environment);
  try {
    checkPrecision(precision, engine, environment);
    const given = { ...model, preprocessing };
    const evaluation = await evaluateModel(given, source, split, batch, engine, environment, precision);
    const document = evaluateDocument(evaluation);
    if (!reestimates) return { document, evaluation, before: null, classes };

    const { tensors, ...told } = await reestimate(given, data.train, statistics, engine, environment, precision);
    const after = await evaluateModel({ ...given, tensors }, source, split, batch, engine, environment, precision);
    if (file !== null) await saveModel({ ...given, tensors }, file, host.cwd);
    const { top1, top5, loss } = document;
    const reestimated = { ...told, before: { top1, top5, loss }, file };
    return { document: { ...evaluateDocument(after), reestimated }, evaluation: after, before: evaluation, classes };
  } finally {
    await engine.dispose();
  }
};
