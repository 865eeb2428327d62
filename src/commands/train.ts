// `residual train`: from data and recipe to a run directory with checkpoints, metrics and a report. What is wrong is told before
// anything is written; what is interrupted can be gone on with.
import { rm, stat } from "node:fs/promises";
import { resolve } from "node:path";
import { FormatError, invariant, UsageError } from "../base/errors.ts";
import { FileError } from "../base/file-error.ts";
import type { DataSet } from "../data/data-set.ts";
import { describeFreezing } from "../train/freezing.ts";
import { train as trainNetwork } from "../train/train.ts";
import type { TrainingResult } from "../train/training.ts";
import { listingBroken, refuseLeftOut, strictly } from "./broken-images.ts";
import { type ChosenEngine, engineForTraining, refuseIgnored } from "./choose-engine.ts";
import { readSpec } from "./choose-model.ts";
import { checkPrecision } from "./choose-precision.ts";
import type { CommandEnvironment } from "./environment.ts";
import type { EstimateEvent } from "./events.ts";
import { type Checkpoint, modelFile } from "./run-directory/checkpoint.ts";
import { checkpointPath } from "./run-directory/checkpoint-store.ts";
import { readChoices, writeChoices } from "./run-directory/choices-file.ts";
import { createRunDirectory, openRunDirectory, type RunDirectory } from "./run-directory/run-directory.ts";
import { savingBadBatches } from "./train/bad-batches.ts";
import { chooseRecipe, overrideRecipe } from "./train/choose-recipe.ts";
import { conclude } from "./train/conclusion.ts";
import { defaultStart } from "./train/default-start.ts";
import { withEarlierTime } from "./train/earlier-time.ts";
import { showingFirstBatch } from "./train/event-images.ts";
import { journalOf } from "./train/journal.ts";
import { measureRates, type Rate } from "./train/measure-rate.ts";
import type { ResumeOptions, TrainOptions, TrainOutcome } from "./train/options.ts";
import {
  estimateOf,
  type Preparation,
  type PreparationOptions,
  prepareTraining,
  trainingOf,
} from "./train/preparation.ts";
import { checkSameData, newRunRecord, recipeOfRecord } from "./train/run-record-of.ts";
import { differingBits } from "./train/same-bits.ts";
import { readModelMetadata } from "./trained-model.ts";

/**
 * Trains anew. Throws UsageError and FormatError for what the person can mend, MissingError where data or engine are not there,
 * NonFiniteError where training left the finite numbers. A run that failed before its first checkpoint leaves no directory.
 */
export const train = async (options: TrainOptions, given: CommandEnvironment): Promise<TrainOutcome> => {
  const environment = options.strict === true ? strictly(given) : given;
  const { host } = environment;
  const { model, out } = options;
  if (out !== undefined) await refuseExisting(out, host.cwd);
  const { preparation, data } = await prepare(options, "residual train <data>, for example fashion-mnist", environment);

  const chosen = await engineForTraining(options, environment);
  try {
    const { spec, recipe } = preparation;
    checkPrecision(recipe.dtype, chosen.engine, environment);
    const { estimate, implementations } = await tellEstimate(preparation, chosen, environment);
    tellDefault(preparation, estimate, environment);
    if (options.dryRun === true) return { kind: "estimate", estimate };
    environment.signal?.throwIfAborted();
    const { weights = preparation.byDefault?.weights } = options;
    const named = { data, ...(model !== undefined && { model }), ...(weights !== undefined && { weights }) };
    const record = newRunRecord(preparation, named, chosen, implementations, environment);
    const name = options.recipe === undefined ? `${spec.name}-${preparation.data.name}` : recipe.name;
    const place = out === undefined ? { name: directoryName(name) } : { path: out };
    const directory = await createRunDirectory(place, record, host);
    return await runIn(directory, preparation, chosen, environment);
  } finally {
    await chosen.engine.dispose();
  }
};

/**
 * Trains in memory alone: no directory, no checkpoint, no look at the test split. Options that are about a directory (`out`,
 * `dryRun`) have no meaning here. Errors as train's.
 */
export const trainInMemory = async (
  options: TrainOptions,
  given: CommandEnvironment,
): Promise<{ readonly preparation: Preparation; readonly result: TrainingResult }> => {
  const environment = options.strict === true ? strictly(given) : given;
  const { preparation } = await prepare(options, "give data", environment);
  const { engine } = await engineForTraining(options, environment);
  try {
    checkPrecision(preparation.recipe.dtype, engine, environment);
    const { onEvent } = environment;
    if (preparation.byDefault !== null) onEvent({ event: "notice", message: preparation.byDefault.say(null) });
    const result = await trainNetwork({ ...trainingOf(preparation, environment, engine.threads), engine, onEvent });
    return { preparation, result };
  } finally {
    await engine.dispose();
  }
};

/**
 * Goes on with a run: bit-equal to the run without the break, with the same engine, library, processor, threads and algorithm of
 * convolutions; where one is another, that is told. Errors as train's.
 */
export const resumeTraining = async (options: ResumeOptions, given: CommandEnvironment): Promise<TrainOutcome> => {
  const environment = options.strict === true ? strictly(given) : given;
  const { host } = environment;
  refuseIgnored(options);
  const directory = await openRunDirectory(options.resume, host);
  let isTakenOver = false;
  try {
    const { record, path, resumed } = directory;
    for (const message of directory.notices) environment.onEvent({ event: "notice", message });
    const { epochs, workers, data } = options;
    const recipe = overrideRecipe(recipeOfRecord(record, path), { ...(epochs !== undefined && { epochs }) });
    invariant(recipe.data !== null, "the recipe of a run names its data");
    const begun =
      resumed === null ? { model: record.model, weights: record.weights } : { resumed: atRest(resumed, path) };
    const preparation = await prepareTraining({ data: data ?? recipe.data, recipe, workers, ...begun }, environment);
    checkSameData(record, preparation.data, path);
    if (options.strict === true) refuseLeftOut(preparation.data);
    const { engine = record.engine, threads = record.threads } = options;
    const { convolution = record.convolution ?? "direct" } = options;
    const known = await readChoices(path);
    const choices = known === null ? "rules" : "measured";
    const chosen = await engineForTraining({ engine, threads, convolution, choices }, environment, known ?? {});
    try {
      checkPrecision(recipe.dtype, chosen.engine, environment);
      const message = differingBits(record, chosen, environment.measureMachine().cpu);
      if (message !== null) environment.onEvent({ event: "notice", message });
      await tellEstimate(preparation, chosen, environment);
      environment.signal?.throwIfAborted();
      isTakenOver = true;
      return await runIn(directory, preparation, chosen, environment);
    } finally {
      await chosen.engine.dispose();
    }
  } finally {
    if (!isTakenOver) await directory.close();
  }
};

/** Recipe and data, and what is trained by default where neither network, weights nor recipe are named. */
const prepare = async (
  options: TrainOptions,
  remedy: string,
  environment: CommandEnvironment,
): Promise<{ readonly preparation: Preparation; readonly data: string | DataSet }> => {
  if (options.weights !== undefined && options.fromScratch === true) {
    throw new UsageError(
      `--weights ${options.weights} are weights to start from, and --from-scratch asks for fresh ones; leave one out`,
    );
  }
  refuseIgnored(options);
  const recipe = await chooseRecipe(options, environment.recipes, environment.host.cwd);
  const { data = recipe.data, model, weights, workers } = options;
  if (data === null) throw new UsageError(`say what to train on: ${remedy}`);
  // A network that there isn't is told before data are fetched for it.
  if (typeof model === "string" && weights === undefined) await readSpec(model, environment.host.cwd);
  const chooseDefault: PreparationOptions["chooseDefault"] = (opened, survey) =>
    defaultStart(options, recipe, opened, survey, environment);
  const batchIsOpen = options.batch === undefined && options.recipe === undefined;
  const given = { data, model, recipe, batchIsOpen, weights, workers, chooseDefault };
  const preparation = await prepareTraining(given, environment);
  if (options.strict === true) refuseLeftOut(preparation.data);
  return { preparation, data };
};

/** What was chosen for the person, and how long it will take. */
const tellDefault = ({ byDefault }: Preparation, { seconds }: EstimateEvent, { onEvent }: CommandEnvironment): void => {
  if (byDefault === null) return;
  onEvent({ event: "notice", message: byDefault.say(seconds) });
};

/** A name as run directories can have it. */
const directoryName = (name: string): string =>
  name
    .replaceAll(/[^A-Za-z0-9._-]+/g, "-")
    .replace(/^[^A-Za-z0-9]+/, "")
    .slice(0, 90) || "run";

const refuseExisting = async (out: string, cwd: string): Promise<void> => {
  const path = resolve(cwd, out);
  if ((await stat(path).catch(() => null)) === null) return;
  throw new UsageError(`${path} exists already; go on with it by --resume, or choose another directory`);
};

/** The network and preprocessing of a checkpoint. */
const atRest = ({ modelMetadata }: Checkpoint, run: string): Pick<Preparation, "spec" | "preprocessing"> => {
  const file = `${run}/…/${modelFile}`;
  const { spec, preprocessing } = readModelMetadata(modelMetadata, file);
  if (spec === null) throw new FormatError(file, "its metadata lack the spec");
  if (preprocessing === null) throw new FormatError(file, "its metadata lack the preprocessing");
  return { spec, preprocessing };
};

const tellEstimate = async (
  preparation: Preparation,
  { engine, threads }: ChosenEngine,
  environment: CommandEnvironment,
): Promise<{ estimate: EstimateEvent } & Pick<Rate, "implementations">> => {
  const { spec, recipe } = preparation;
  const { largest, rateOf } = await measureRates(engine, preparation, environment.monotonicMs);
  const { imagesPerSecond, implementations, slowCode } = largest;
  const estimate: EstimateEvent = {
    event: "estimate",
    model: spec.name,
    batch: recipe.batch,
    epochs: recipe.epochs,
    engine: engine.name,
    threads,
    frozen: describeFreezing(recipe),
    ...estimateOf(preparation, rateOf),
    availableMemoryBytes: environment.measureMachine().availableMemoryBytes,
    imagesPerSecond,
    slowCode,
  };
  environment.onEvent(estimate);
  return { estimate, implementations };
};

/** Trains in a run directory and closes it. */
const runIn = async (
  directory: RunDirectory,
  preparation: Preparation,
  { engine, choices }: ChosenEngine,
  given: CommandEnvironment,
): Promise<TrainOutcome> => {
  const { resumed, path } = directory;
  let hasCheckpoint = resumed !== null;
  const keepChoices = async (): Promise<void> => {
    if (choices !== undefined) await writeChoices(path, choices());
  };
  try {
    const environment = await listingBroken(given, path, preparation.data);
    environment.onEvent({ event: "run", directory: path, step: resumed?.step ?? 0 });
    const journal = journalOf(directory, preparation.recipe, environment.onEvent);
    const showing = showingFirstBatch(directory, preparation);
    const journalling = { ...environment, onEvent: journal.onEvent };
    const training = trainingOf(preparation, journalling, engine.threads);
    const result = await trainNetwork({
      ...training,
      engine,
      openTrainingBatches: (loading) => showing(training.openTrainingBatches(loading)),
      onBadBatch: savingBadBatches(path, preparation, environment.onEvent),
      ...(resumed !== null && { resume: resumed }),
      onEvent: journal.onEvent,
      onLayerValues: journal.onLayerValues,
      onCheckpoint: async (checkpoint, accuracy) => {
        await keepChoices();
        await journal.onCheckpoint(checkpoint, accuracy);
        hasCheckpoint = true;
      },
    });
    const { step, epoch } = result.checkpoint;
    if (result.interrupted) {
      return { kind: "interrupted", directory: path, checkpoint: checkpointPath(path, step), step, epoch };
    }
    const { batch } = preparation.recipe;
    const whole = resumed === null ? result : await withEarlierTime(result, path, resumed.step, batch);
    return await conclude(directory, preparation, whole, engine, environment);
  } catch (error) {
    if (!(error instanceof FileError) || !hasCheckpoint) throw error;
    const remedy = `the training stopped; when that is mended, go on with residual train --resume ${path}`;
    throw new FileError(error.path, error.code, `${error.message}; ${remedy}`, error.cause);
  } finally {
    try {
      await directory.close();
    } finally {
      // Nothing to go on from and nothing to look at: as if it had not begun.
      if (!hasCheckpoint) await rm(path, { recursive: true, force: true });
    }
  }
};
