// A network with its weights, as the library hands it out: plain data with one verb, nothing to dispose.
import { chooseModel, type WeightsOptions } from "../commands/choose-model.ts";
import { saveModel, type TrainedModel } from "../commands/trained-model.ts";

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

/**
 * Opens weights: a run directory (its latest checkpoint), a checkpoint's directory, or a .safetensors file; or a named network
 * with `{ seed }` for fresh weights. `model` names the network of a file that doesn't say. Throws UsageError, FormatError.
 */
export const loadModel = async (weights: string, options: WeightsOptions = {}): Promise<Model> =>
  modelOf(await chooseModel(weights, options, process.cwd()));
