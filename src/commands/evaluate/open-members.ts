// The networks to be evaluated, one or an ensemble: each with its preprocessing, all with the same classes.
import { UsageError } from "../../base/errors.ts";
import type { DataSet } from "../../data/data-set.ts";
import { fitPreprocessing } from "../../data/node/fit-preprocessing.ts";
import { type ImageSource, pixelShapeOf } from "../../data/source.ts";
import { chooseModel, type WeightsOptions } from "../choose-model.ts";
import type { CommandEnvironment } from "../environment.ts";
import { imagesForModel } from "../match-classes.ts";
import type { PreparedModel } from "./evaluate-model.ts";
import { splitOf } from "./split-of.ts";

export interface Member {
  /** As the person named them. */
  readonly weights: string;
  readonly model: PreparedModel;
}

export interface OpenedMembers {
  readonly members: readonly [Member, ...Member[]];
  /** The images with labels in the networks' numbering. */
  readonly source: ImageSource;
  /** Names by label. */
  readonly classes: readonly string[];
  /** Whether weights that say no preprocessing got one fitted to the training images. */
  readonly fitted: boolean;
}

/** Throws UsageError where the answers of two networks can't be averaged. */
export const checkSameClasses = (first: Member, other: Member): void => {
  const [a, b] = [first.model.spec.classes, other.model.spec.classes];
  if (a !== b) {
    throw new UsageError(
      `${first.weights} tells ${a} classes apart and ${other.weights} ${b}: their probabilities can't be averaged; evaluate them one by one`,
    );
  }
  const [names, others] = [first.model.classes, other.model.classes];
  if (names === null || others === null) return;
  const differs = names.findIndex((name, label) => name !== others[label]);
  if (differs === -1) return;
  throw new UsageError(
    `class ${differs} is "${names[differs]}" for ${first.weights} but "${others[differs]}" for ${other.weights}: their probabilities can't be averaged`,
  );
};

/** Opens all weights for the images of a split. Throws UsageError, FormatError, MissingError as chooseModel does. */
export const openMembers = async (
  weights: readonly string[],
  options: WeightsOptions,
  data: DataSet,
  images: ImageSource,
  { host, cacheFolder, onEvent }: CommandEnvironment,
): Promise<OpenedMembers> => {
  const input = pixelShapeOf(images);
  const named = { ...(input && { input }), classes: data.classes.length };
  const members: Member[] = [];
  let fitted = false;
  for (const each of weights) {
    const model = await chooseModel(each, options, { cwd: host.cwd, cacheFolder, onEvent }, named);
    const preprocessing = model.preprocessing ?? (await fitPreprocessing(splitOf(data, "train"), model.spec.input));
    fitted ||= model.preprocessing === null;
    members.push({ weights: each, model: { ...model, preprocessing } });
  }
  const [first, ...others] = members;
  if (first === undefined) throw new UsageError("name the weights to evaluate, and then the data");
  for (const other of others) checkSameClasses(first, other);
  const known = members.find(({ model }) => model.classes !== null) ?? first;
  const { source, classes, notice } = imagesForModel(known.model, images, data);
  if (notice !== undefined) onEvent({ event: "notice", message: notice });
  return { members: [first, ...others], source, classes, fitted };
};
