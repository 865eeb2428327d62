// The data set to evaluate on, in the splits that the weights were trained with: what a run held out is held out here as well.
import { UsageError } from "../../base/errors.ts";
import { type DataSet, holdOutValidation } from "../../data/data-set.ts";
import type { CommandEnvironment } from "../environment.ts";
import { dataPlace, hasFilesOf } from "../train/run-record-of.ts";
import type { RunOfWeights } from "./run-of-weights.ts";

export interface SplitOptions {
  /** A name or a path. */
  readonly data: string;
  /** Training images held out; by default as many as the run did, or none. */
  readonly validation?: number;
  /** Decides which; by default the run's, or 0. */
  readonly seed?: number;
  /** Whether fresh weights are made by the seed as well; default false. */
  readonly seedMakesWeights?: boolean;
}

type Teller = Pick<CommandEnvironment, "onEvent">;

/** Whether these data are what the run was trained on, or were once. Warns where they have changed. */
const isDataOfRun = (
  named: string,
  data: DataSet,
  { directory, record, recipe }: RunOfWeights,
  cwd: string,
  { onEvent }: Teller,
): boolean => {
  const hasSameFiles = hasFilesOf(record, data);
  const isCalledSo = data.name === record.data.name || dataPlace(named, cwd) === recipe.data;
  if (isCalledSo && !hasSameFiles) {
    const message = `${data.name} is not what ${directory} was trained on: its files have changed, and images that are held out now may have been trained on`;
    onEvent({ event: "warning", message });
  }
  return isCalledSo || (hasSameFiles && Object.keys(record.data.checksums).length > 0);
};

/** Holds out what the run held out, unless the options say otherwise. */
const holdOutAsRun = (
  data: DataSet,
  { validation, seed }: SplitOptions,
  { directory, recipe }: RunOfWeights,
  { onEvent }: Teller,
): DataSet => {
  const [count, by] = [validation ?? recipe.validationImages, seed ?? recipe.seed];
  if (count > 0 && (count !== recipe.validationImages || by !== recipe.seed)) {
    const those = recipe.validationImages === 0 ? "none" : `${recipe.validationImages} by seed ${recipe.seed}`;
    const message = `${count} training images are held out by seed ${by}, which aren't those that ${directory} held out (${those}): some of them may have been trained on`;
    onEvent({ event: "warning", message });
  } else if (count > 0 && (validation === undefined || seed === undefined)) {
    const message = `${count} training images are held out by seed ${by}, as ${directory} was trained`;
    onEvent({ event: "notice", message });
  }
  return holdOutValidation(data, count, by);
};

/** Throws UsageError for options that hold nothing out: `data` has a validation split of its own or, after all, none. */
const refuseUnused = (
  { validation, seed, seedMakesWeights = false }: SplitOptions,
  { name }: DataSet,
  found: "own" | "none" | "held out",
): void => {
  const unusedSeed = seed !== undefined && !seedMakesWeights;
  if (found === "own" && (unusedSeed || (validation ?? 0) > 0)) {
    const given = (validation ?? 0) > 0 ? `--validation ${validation}` : `--seed ${seed}`;
    throw new UsageError(`${name} has a validation split of its own, so no images are held out; leave out ${given}`);
  }
  if (found === "none" && unusedSeed) {
    throw new UsageError(
      `--seed ${seed} decides which training images are held out, and none are; leave it out, or hold some out with --validation`,
    );
  }
};

/**
 * Opens a data set. Where it is that of the weights' run and `needsTraining` says that the training images matter (not only the test
 * split), the run's validation images are held out by the run's seed, which a notice tells. Warns where the data have changed since,
 * and where the options hold other images out. Throws UsageError (for options that would change nothing, too), FormatError, MissingError.
 */
export const openSplits = async (
  options: SplitOptions,
  run: RunOfWeights | null,
  needsTraining: boolean,
  environment: CommandEnvironment,
): Promise<DataSet> => {
  const { data: named, validation = 0, seed = 0 } = options;
  const { host, signal, onEvent } = environment;
  const whole = await environment.openDataSet(named, { onlyTested: true, ...(signal && { signal }), onEvent });
  const ofRun = run !== null && isDataOfRun(named, whole, run, host.cwd, environment) ? run : null;
  if (whole.validation !== null) {
    refuseUnused(options, whole, "own");
    return whole;
  }
  const data =
    needsTraining && ofRun !== null
      ? holdOutAsRun(whole, options, ofRun, environment)
      : holdOutValidation(whole, validation, seed);
  refuseUnused(options, whole, data.validation === null ? "none" : "held out");
  return data;
};
