// run.json of a new training, and what a resumed one reads out of it.
import { basename, resolve } from "node:path";
import { UsageError } from "../../base/errors.ts";
import type { DataSet } from "../../data/data-set.ts";
import { namedDataSets } from "../../data/node/open-data-set.ts";
import type { NodeImplementation } from "../../engine/contract.ts";
import type { ResNetSpec } from "../../spec/spec.ts";
import { parseRecipe } from "../../train/parse-recipe.ts";
import type { Recipe } from "../../train/recipe.ts";
import type { ChosenEngine } from "../choose-engine.ts";
import type { CommandEnvironment } from "../environment.ts";
import { isPullable } from "../pull.ts";
import type { RunRecord } from "../run-directory/run-record.ts";
import type { TrainOptions } from "./options.ts";
import type { Preparation } from "./preparation.ts";

const checksumsOf = ({ files }: DataSet): Readonly<Record<string, string>> =>
  Object.fromEntries(files.map(({ path, sha256 }) => [basename(path), sha256]));

/** A name stays as it is; a path becomes absolute, so that a resume from another directory finds it. */
const absoluteModel = (model: string, cwd: string): string => (model.endsWith(".json") ? resolve(cwd, model) : model);

/** What a recipe says of data that a person named: a name stays as it is, a path becomes absolute. */
export const dataPlace = (named: string, cwd: string): string =>
  namedDataSets.has(named) ? named : resolve(cwd, named);

/** What run.json says of the network. */
const modelNamed = (
  model: string | ResNetSpec | undefined,
  spec: ResNetSpec,
  weightsSay: boolean,
  cwd: string,
): Pick<RunRecord, "model"> => {
  if (typeof model === "string") return { model: absoluteModel(model, cwd) };
  return model === undefined && weightsSay ? {} : { model: spec.name };
};

/** A recipe as plain JSON: what goes into a file is what comes back. */
const recipeJson = (recipe: Recipe): RunRecord["recipe"] => JSON.parse(JSON.stringify(recipe));

export const newRunRecord = (
  { recipe, data, spec }: Preparation,
  { model, data: named, weights }: Pick<TrainOptions, "model" | "data" | "weights">,
  { engine, version, threads, convolution }: ChosenEngine,
  implementations: readonly NodeImplementation[],
  environment: CommandEnvironment,
): RunRecord => {
  const { host, versions, command } = environment;
  const { cpu, cores, memoryBytes } = environment.measureMachine();
  return {
    formatVersion: 1,
    command: [...command],
    createdAt: new Date(host.now()).toISOString(),
    seed: recipe.seed,
    ...modelNamed(model, spec, weights !== undefined, host.cwd),
    ...(weights !== undefined && { weights: isPullable(weights) ? weights : resolve(host.cwd, weights) }),
    recipe: { ...recipeJson(recipe), data: typeof named === "string" ? dataPlace(named, host.cwd) : data.name },
    engine: engine.name,
    dtype: recipe.dtype,
    threads,
    convolution,
    versions: { ...versions, ...(version !== null && { [engine.name]: version }) },
    hardware: { cpu, cores, memoryBytes },
    data: { name: data.name, checksums: { ...checksumsOf(data) } },
    implementations: implementations.map(({ node, implementation }) => ({ node, implementation })),
  };
};

/** The recipe that a run was made with. */
export const recipeOfRecord = (record: RunRecord, directory: string): Recipe =>
  parseRecipe(record.recipe, `${directory}: recipe`);

/** Whether all files that a run was begun with are among the data's, by their contents: their names may be others. */
export const hasFilesOf = ({ data: { checksums } }: RunRecord, { files }: DataSet): boolean => {
  const now = new Set(files.map(({ sha256 }) => sha256));
  return Object.values(checksums).every((sha256) => now.has(sha256));
};

/** Throws UsageError when the data are not those that the run was begun with. */
export const checkSameData = (record: RunRecord, data: DataSet, directory: string): void => {
  const now = checksumsOf(data);
  for (const [file, sha256] of Object.entries(record.data.checksums)) {
    if (now[file] === sha256) continue;
    const found = now[file] === undefined ? "is missing" : `has SHA-256 ${now[file]}`;
    throw new UsageError(
      `${directory} was trained on ${file} with SHA-256 ${sha256}, which ${found} in ${data.name} now; resume with the same data`,
    );
  }
};
