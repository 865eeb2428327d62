// What `--weights` stands for in training: a network with its weights and preprocessing, and a head for the classes of the data.
import { UsageError } from "../../base/errors.ts";
import type { DataSet } from "../../data/data-set.ts";
import type { Preprocessing } from "../../data/preprocessing.ts";
import { pixelShapeOf } from "../../data/source.ts";
import { withFreshHead } from "../../model/fresh-head.ts";
import type { ResNetSpec } from "../../spec/spec.ts";
import type { Recipe } from "../../train/recipe.ts";
import { chooseModel, openNamed } from "../choose-model.ts";
import type { CommandEnvironment } from "../environment.ts";
import { formatCount } from "../report/format.ts";
import type { TrainedModel } from "../trained-model.ts";
import { modelOfWeights } from "../weights/model-of-weights.ts";
import { refuseQuantized } from "../weights/quantized-tensors.ts";

/** A model to train further. `notice` says what became of its head. */
export interface StartingModel extends Pick<TrainedModel, "spec" | "tensors" | "preprocessing"> {
  readonly notice: string;
}

/** The network takes what its preprocessing makes. */
const inputOf = (spec: ResNetSpec, preprocessing: Preprocessing | null): ResNetSpec["input"] =>
  preprocessing === null ? spec.input : [preprocessing.channels, ...preprocessing.size];

const named = (count: number): string => `${formatCount(count)} ${count === 1 ? "class" : "classes"}`;

/** Why a head can't stay; null where it can. */
const reasonForFreshHead = ({ spec, classes }: TrainedModel, ofData: readonly string[]): string | null => {
  if (spec.classes !== ofData.length)
    return `tells ${named(spec.classes)} apart and the data have ${formatCount(ofData.length)}`;
  const differs = classes?.findIndex((name, label) => name !== ofData[label]) ?? -1;
  return differs < 0 ? null : `calls class ${differs} "${classes?.[differs]}" and the data "${ofData[differs]}"`;
};

/** The model as it lies there, whatever the data. */
const openModel = async (
  weights: string,
  network: string | ResNetSpec | undefined,
  data: DataSet,
  { host: { cwd }, cacheFolder, onEvent }: CommandEnvironment,
): Promise<TrainedModel> => {
  const place = { cwd, cacheFolder, onEvent };
  if (typeof network === "object") return modelOfWeights(await openNamed(weights, place), network).model;
  const input = pixelShapeOf(data.train);
  return chooseModel(weights, { ...(network !== undefined && { model: network }) }, place, { ...(input && { input }) });
};

/**
 * The model of `weights`, for the classes of the data. Where the number of classes or their names are others, its head is replaced by
 * a fresh one of the seed (as torch.nn.Linear starts); where names are not known and the number is the same, the head is kept.
 * `network` names the network of a file that doesn't say. Throws UsageError, FormatError.
 */
export const startingModel = async (
  weights: string,
  network: string | ResNetSpec | undefined,
  data: DataSet,
  seed: number,
  environment: CommandEnvironment,
): Promise<StartingModel> => {
  const model = await openModel(weights, network, data, environment);
  refuseQuantized(model, weights, "train further");
  const { preprocessing, tensors } = model;
  const spec = { ...model.spec, input: inputOf(model.spec, preprocessing) };
  const reason = reasonForFreshHead(model, data.classes);
  if (reason === null) {
    const why =
      model.classes === null
        ? `its ${named(spec.classes)} have no names and are taken to be the data's`
        : "the same classes";
    return { spec, tensors, preprocessing, notice: `${weights}: its head is kept: ${why}` };
  }
  const fresh = withFreshHead({ spec, tensors }, data.classes.length, seed);
  const notice = `${weights} ${reason}: a fresh head of ${named(data.classes.length)}, by seed ${seed}, takes the place of its own`;
  return { ...fresh, preprocessing, notice };
};

/**
 * Throws UsageError where fresh weights would be frozen. They have nothing to keep: they are noise, and no image has had a part in
 * their running statistics.
 */
export const checkFreezing = ({ name, freeze, batchNorm }: Recipe): void => {
  const frozen = freeze !== "none" ? "layers" : batchNorm !== "train" ? "batch norms' statistics" : null;
  if (frozen === null) return;
  const option = freeze !== "none" ? "--freeze none" : "--batch-norm train";
  throw new UsageError(
    `${name}: ${frozen} of fresh weights would be frozen as they are; give trained ones with --weights, or take ${option}`,
  );
};
