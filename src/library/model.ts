// A network with its weights, as the library hands it out: plain data with one verb, nothing to dispose.
import { chooseModel, type WeightsOptions } from "../commands/choose-model.ts";
import type { CommandEvent } from "../commands/events.ts";
import { saveModel, type TrainedModel } from "../commands/trained-model.ts";
import { nodeCacheFolder } from "./node-environment.ts";

/** Spec, host tensors, preprocessing, class names. What is not known is null. */
export interface Model extends TrainedModel {
  /**
   * Writes one safetensors file, whole or not at all (an existing file is replaced): tensors under torchvision's names, so that
   * PyTorch's load_state_dict takes them; spec, class names and preprocessing in its metadata. Throws UsageError, FileError.
   */
  save(path: string): Promise<void>;
}

/** Gives a trained model its verb. */
export const modelOf = (model: TrainedModel): Model => ({
  ...model,
  save: (path) => saveModel(model, path, process.cwd()),
});

export interface LoadOptions extends WeightsOptions {
  /** Told which network was recognised, where the file doesn't say. */
  readonly onEvent?: (event: CommandEvent) => void;
}

/**
 * Loads a model: from a run directory (its latest checkpoint), a checkpoint's directory, a weights file of any format, a Keras model
 * (tfjs layers), a pulled model's name, or a named network with `{ seed }` for fresh weights. A network that the file doesn't name is
 * recognised by its tensors; `model` names it where several have the same. Throws UsageError, FormatError.
 */
export const loadModel = async (weights: string, { onEvent, ...options }: LoadOptions = {}): Promise<Model> =>
  modelOf(await chooseModel(weights, options, { cwd: process.cwd(), cacheFolder: nodeCacheFolder(), onEvent }));
