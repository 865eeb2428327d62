// `residual init`: a file of fresh weights.
import { stat } from "node:fs/promises";
import { resolve } from "node:path";
import { UsageError } from "../base/errors.ts";
import { initialTensors } from "../model/initial-tensors.ts";
import { countParameters } from "../spec/counts.ts";
import type { ResNetSpec } from "../spec/spec.ts";
import { checkSeed } from "./choose-model.ts";
import { saveModel } from "./trained-model.ts";

export interface InitDocument {
  readonly file: string;
  /** Parameters and running statistics. */
  readonly tensors: number;
  /** Learned numbers. */
  readonly parameters: number;
}

/** Writes fresh weights of a network by a seed. Throws UsageError for an existing file: nothing is overwritten. */
export const init = async (spec: ResNetSpec, file: string, seed: number, cwd: string): Promise<InitDocument> => {
  checkSeed(seed);
  const path = resolve(cwd, file);
  if ((await stat(path).catch(() => null)) !== null) {
    throw new UsageError(`${path} exists already; choose another file, or remove it first`);
  }
  const tensors = initialTensors(spec, seed);
  await saveModel({ spec, tensors, preprocessing: null, classes: null }, path, cwd);
  return { file: path, tensors: tensors.size, parameters: countParameters(spec) };
};
