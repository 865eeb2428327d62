// `residual evaluate`: how well a network, or an ensemble of several, does on a split of a data set, each image counted once.
import { UsageError } from "../base/errors.ts";
import type { DataSet } from "../data/data-set.ts";
import type { ImageSource } from "../data/source.ts";
import type { Engine } from "../engine/contract.ts";
import type { Evaluation } from "../evaluate/evaluate.ts";
import { refuseLeftOut, strictly } from "./broken-images.ts";
import { type EngineOptions, engineForInference } from "./choose-engine.ts";
import { areFresh, type WeightsOptions } from "./choose-model.ts";
import { arithmeticOf, checkPrecision, precisionOf } from "./choose-precision.ts";
import { sharedImagesSentences } from "./data/shared-images.ts";
import type { CommandEnvironment } from "./environment.ts";
import { type ProtocolOptions, protocolOf } from "./evaluate/choose-protocol.ts";
import { type EvaluateDocument, evaluateDocument } from "./evaluate/document.ts";
import { evaluateMembers } from "./evaluate/evaluate-members.ts";
import { evaluateModel, type ModelEvaluation, type ModelEvaluationOptions } from "./evaluate/evaluate-model.ts";
import { type Member, openMembers } from "./evaluate/open-members.ts";
import { openSplits, type SplitOptions } from "./evaluate/open-splits.ts";
import { type OutputOptions, outputPaths, writeOutputs } from "./evaluate/outputs.ts";
import { agreementOf, openAssessed, type ReassessmentOptions } from "./evaluate/reassessment.ts";
import { fileToSave, type ReestimationOptions, reestimate, statisticsBatch } from "./evaluate/reestimate.ts";
import { type RunOfWeights, runOfWeights } from "./evaluate/run-of-weights.ts";
import { splitOf } from "./evaluate/split-of.ts";
import { saveModel } from "./trained-model.ts";
import { refuseQuantized } from "./weights/quantized-tensors.ts";

/** `seed` decides fresh weights as well. */
export interface EvaluateOptions
  extends EngineOptions,
    WeightsOptions,
    SplitOptions,
    ReestimationOptions,
    ProtocolOptions,
    ReassessmentOptions,
    OutputOptions {
  /** One network, or several whose probabilities are averaged. */
  readonly weights: string | readonly string[];
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

/** What was evaluated, and what goes into the document beside it. */
type Evaluated = Pick<EvaluateDocument, "members" | "reestimated"> & {
  readonly evaluation: ModelEvaluation;
  readonly before: ModelEvaluation | null;
};

/** Warns where networks of several runs are evaluated on images that not all of them held out. */
const checkHeldOut = (runs: readonly (RunOfWeights | null)[], split: string, environment: CommandEnvironment): void => {
  const held = runs.map((run) => (run === null ? "" : `${run.recipe.validationImages} by seed ${run.recipe.seed}`));
  if (split === "test" || new Set(held).size < 2) return;
  const message = `the networks held out different images in training: what is ${split} for the first may have been trained on by others`;
  environment.onEvent({ event: "warning", message });
};

const withNewStatistics = async (
  { model }: Member,
  data: DataSet,
  source: ImageSource,
  options: ModelEvaluationOptions,
  batch: number,
  file: string | null,
  engine: Engine,
  environment: CommandEnvironment,
): Promise<Evaluated> => {
  const before = await evaluateModel(model, source, options, engine, environment);
  const { precision = "f32" } = options;
  const { tensors, ...told } = await reestimate(model, data.train, batch, engine, environment, precision);
  const evaluation = await evaluateModel({ ...model, tensors }, source, options, engine, environment);
  if (file !== null) await saveModel({ ...model, tensors }, file, environment.host.cwd);
  const [top1, top5, loss] = [before.top1.value, before.top5.value, before.loss.value];
  return { evaluation, before, reestimated: { ...told, before: { top1, top5, loss }, file } };
};

/**
 * Evaluates `weights` on a split of `data`; of a run, with the validation images and seed that it was trained with, unless the options
 * give others. Throws UsageError, FormatError for what can't be evaluated; MissingError where data or a demanded engine are not there.
 */
export const evaluate = async (options: EvaluateOptions, given: CommandEnvironment): Promise<EvaluateResult> => {
  const environment = options.strict === true ? strictly(given) : given;
  const { host, onEvent } = environment;
  const weights = typeof options.weights === "string" ? [options.weights] : options.weights;
  const file = await fileToSave(options, host.cwd);
  const paths = await outputPaths(options, host.cwd);
  const { split = "test", batch = 128, reestimateStatistics: reestimates = false } = options;
  if (!Number.isInteger(batch) || batch < 1) {
    throw new UsageError(`--batch should be a whole number of at least 1 but is ${batch}`);
  }
  if (reestimates && weights.length > 1) {
    throw new UsageError(`--reestimate-statistics takes one network but there are ${weights.length}; do it one by one`);
  }
  const precision = precisionOf(options.dtype);
  const protocol = protocolOf(options);
  agreementOf(options);
  const runs: (RunOfWeights | null)[] = [];
  for (const each of weights) runs.push(await runOfWeights(each, host.cwd));
  checkHeldOut(runs, split, environment);
  const [run = null] = runs;
  const needsTraining = split !== "test" || reestimates;
  const fresh = await Promise.all(weights.map((each) => areFresh(each, host.cwd)));
  const data = await openSplits(
    { ...options, seedMakesWeights: fresh.includes(true) },
    run,
    needsTraining,
    environment,
  );
  if (options.strict === true) refuseLeftOut(data);
  if (reestimates) splitOf(data, "train");
  onEvent({
    event: "data",
    name: data.name,
    origin: data.origin,
    trainImages: data.train.labels.length,
    validationImages: data.validation?.labels.length ?? 0,
    testImages: data.test.labels.length,
  });
  for (const message of sharedImagesSentences(data)) onEvent({ event: "warning", message });
  const opened = await openMembers(weights, options, data, splitOf(data, split), environment);
  const { members, source, classes } = opened;
  if (data.validation !== null && (options.validation ?? 0) > 0 && !needsTraining && !opened.fitted) {
    throw new UsageError(
      `--validation ${options.validation} decides which training images are held out, and --split test looks at none of them; leave it out, or take --split validation`,
    );
  }
  const labels = await openAssessed(options, classes, source, host.cwd);
  const [{ model }] = members;
  for (const member of members) arithmeticOf(member.model, options.dtype);
  if (reestimates) refuseQuantized(model, members[0].weights, "estimate statistics");
  const statistics = reestimates ? statisticsBatch(options.statisticsBatch, run, data.train.labels.length) : 0;
  const passes = members.length + (reestimates ? 1 : 0);
  const throughNetwork = source.labels.length * passes + (reestimates ? data.train.labels.length : 0);
  const { engine } = await engineForInference(options, model.spec, throughNetwork, environment);
  try {
    const quantization = members.map((member) => member.model.quantization).find((each) => each !== undefined);
    checkPrecision(quantization ?? precision, engine, environment);
    const how = { split, batch, precision, protocol };
    const { evaluation, before, ...told }: Evaluated = reestimates
      ? await withNewStatistics(members[0], data, source, how, statistics, file, engine, environment)
      : { before: null, ...(await evaluateMembers(members, source, how, engine, environment)) };
    const document = { ...evaluateDocument(evaluation, classes, labels), ...told };
    const written = await writeOutputs(
      paths,
      { document, evaluation, source, classes, labels, members, data: data.name },
      environment,
    );
    return { document: { ...document, ...written }, evaluation, before, classes };
  } finally {
    await engine.dispose();
  }
};
