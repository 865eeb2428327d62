// `residual pull`: pretrained weights into the cache, as one safetensors file with spec, class names and preprocessing.
import { UsageError } from "../base/errors.ts";
import { nearest } from "../base/nearest.ts";
import { pullFromHub } from "./pull/hub-model.ts";
import { pullKeras, resnetImagenet } from "./pull/keras-resnet50.ts";
import type { PullEnvironment } from "./pull/pull-environment.ts";
import { findPulled, keepPulled, type PullDocument, type PulledModel, partialFile } from "./pull/pulled-model.ts";

export type { PullEnvironment } from "./pull/pull-environment.ts";
export type { PullDocument } from "./pull/pulled-model.ts";

type Source = (partial: string, environment: PullEnvironment) => Promise<PulledModel>;

/** Names that stand for one source each. */
const sources: Readonly<Record<string, Source>> = {
  "resnet50-keras": (partial, environment) => pullKeras(resnetImagenet, partial, environment),
};
export const pullableNames: readonly string[] = Object.keys(sources);

/** What is fine-tuned where a person names no weights: the one name whose bytes are known beforehand. */
export const defaultPull = { name: "resnet50-keras", mostBytes: resnetImagenet.maxBytes } as const;

const hubPrefix = "hf:";
/** Whether a word can only mean something to pull: for `<weights>`. */
export const isPullable = (name: string): boolean => name.startsWith(hubPrefix) || Object.hasOwn(sources, name);

const sourceOf = (name: string): Source => {
  const source = Object.hasOwn(sources, name) ? sources[name] : undefined;
  if (source) return source;
  if (name.startsWith(hubPrefix)) {
    return (partial, environment) => pullFromHub(name.slice(hubPrefix.length), partial, environment);
  }
  const near = nearest(name, pullableNames);
  const hint = near === null ? "" : `did you mean "${near}"? `;
  throw new UsageError(
    `nothing to pull is called "${name}"; ${hint}known are ${pullableNames.join(", ")} and ${hubPrefix}owner/repository`,
  );
};

/**
 * Fetches pretrained weights, unless the cache has them whole. Downloads resume; they are checked before use; nothing half-written is
 * left under a model's name. Throws UsageError for an unknown name, MissingError where the source can't be reached or has nothing,
 * FormatError where what came is not what it should be, FileError where the disk fails.
 */
export const pull = async (name: string, environment: PullEnvironment): Promise<PullDocument> => {
  const source = sourceOf(name);
  const { cacheFolder } = environment;
  const found = await findPulled(cacheFolder, name);
  if (found !== null) return found;
  return keepPulled(cacheFolder, name, await source(partialFile(cacheFolder, name), environment));
};
