// The library's verbs about weights at rest: opening, converting, pulling. Each is the command of the same name with values in place
// of words; a model to use is loadModel's (model.ts).
import { openNamed } from "../commands/choose-model.ts";
import {
  type ConvertOptions as CommandConvertOptions,
  type ConvertDocument,
  convert as convertFile,
} from "../commands/convert.ts";
import { type PullDocument, pull as pullIntoCache } from "../commands/pull.ts";
import type { OpenedWeights } from "../commands/run-directory/open-weights.ts";
import { nodeCacheFolder, nodePullEnvironment } from "./node-environment.ts";
import type { LongWork } from "./verbs.ts";

const place = () => ({ cwd: process.cwd(), cacheFolder: nodeCacheFolder() });

/**
 * Opens weights as they lie on the disk, whichever network's they are: a run directory (its latest checkpoint), a checkpoint's
 * directory, a safetensors, PyTorch or npz file (told by content), a Keras model (tfjs layers: its folder, or its model.json), or
 * a pulled model's name. Gives tensors by name, under torchvision's names where the family is known (`kind` is "tensors"), or the
 * network as the file's own graph ("graph"). Throws UsageError, FormatError, FileError.
 */
export const openWeights = (weights: string): Promise<OpenedWeights> => openNamed(weights, place());

export interface ConvertOptions extends CommandConvertOptions, Pick<LongWork, "onEvent"> {}

/**
 * Reads weights of any format and writes them in the format of the new name: .safetensors, .pth (.pt, .th), .npz, or a Keras model's
 * folder, whose name ends in "/". Values are bit-equal unless `floats` rounds them. `lost` of the result names what the written
 * format has no place for; notices tell what was recognised. Throws UsageError (an existing file …), FormatError, FileError.
 *
 *   await convert("resnet18.pth", "resnet18.safetensors", { model: "resnet18" });
 */
export const convert = (from: string, to: string, options: ConvertOptions = {}): Promise<ConvertDocument> => {
  const { onEvent, ...rest } = options;
  return convertFile(from, to, { ...place(), onEvent }, rest);
};

/**
 * Fetches pretrained weights into Residual's cache, unless they are there whole: "resnet50-keras", or "hf:owner/repository" of the
 * Hugging Face hub (HF_ENDPOINT names a mirror). loadModel and the other verbs then take the name. Downloads resume and are checked
 * before use. Throws UsageError for an unknown name, MissingError where the source can't be reached, FormatError.
 */
export const pull = (name: string, { signal, onEvent = () => {} }: LongWork = {}): Promise<PullDocument> =>
  pullIntoCache(name, nodePullEnvironment({ signal, onEvent }));
