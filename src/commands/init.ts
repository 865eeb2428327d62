// `residual init`: a file of fresh weights.
import { initialTensors } from "../model/initial-tensors.ts";
import { countParameters } from "../spec/counts.ts";
import type { ResNetSpec } from "../spec/spec.ts";
import { checkSeed } from "./choose-model.ts";
import { newFile } from "./new-file.ts";
import { saveModel } from "./trained-model.ts";

export interface InitDocument {
  readonly file: string;
  /** Parameters and running statistics. */
  readonly tensors: number;
  /** Learned numbers. */
  readonly parameters: number;
}

/** Writes fresh weights of a network by a seed. Throws UsageError for an existing file (nothing is overwritten), and as newFile does. */
export const init = async (spec: ResNetSpec, file: string, seed: number, cwd: string): Promise<InitDocument> => {
  checkSeed(seed);
  const path = await newFile(file, cwd);
  const tensors = initialTensors(spec, seed);
  await saveModel({ spec, tensors, preprocessing: null, classes: null }, path, cwd);
  return { file: path, tensors: tensors.size, parameters: countParameters(spec) };
};
