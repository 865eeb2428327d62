// What `--weights` stands for in training: a network with its weights and preprocessing, and a head for the classes of the data.
import type { HostTensor } from "../../base/tensor.ts";
import type { DataSet } from "../../data/data-set.ts";
import type { Preprocessing } from "../../data/preprocessing.ts";
import { pixelShapeOf } from "../../data/source.ts";
import { withFreshHead } from "../../model/fresh-head.ts";
import type { ResNetSpec } from "../../spec/spec.ts";
import { chooseModel } from "../choose-model.ts";
import type { CommandEnvironment } from "../environment.ts";
import { formatCount } from "../report/format.ts";
import type { TrainedModel } from "../trained-model.ts";

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
  if (spec.classes !== ofData.length) return `tells ${named(spec.classes)} apart, the data have ${formatCount(ofData.length)}`;
  const differs = classes?.findIndex((name, label) => name !== ofData[label]) ?? -1;
  return differs < 0 ? null : `calls class ${differs} "${classes?.[differs]}", the data "${ofData[differs]}"`;
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
  { host: { cwd }, cacheFolder }: CommandEnvironment,
): Promise<StartingModel> => {
  const input = pixelShapeOf(data.train);
  const forNames = (tensors: ReadonlyMap<string, HostTensor>) => {
    const classes = tensors.get("fc.weight")?.shape[0];
    return { ...(input && { input }), ...(classes !== undefined && { classes }) };
  };
  const model = await chooseModel(weights, { ...(network !== undefined && { model: network }) }, { cwd, cacheFolder }, forNames);
  const { preprocessing, tensors } = model;
  const spec = { ...model.spec, input: inputOf(model.spec, preprocessing) };
  const reason = reasonForFreshHead(model, data.classes);
  if (reason === null) {
    const known = model.classes === null ? `its ${named(spec.classes)} have no names, taken to be the data's` : "the same classes";
    return { spec, tensors, preprocessing, notice: `${weights}: its head is kept: ${known}` };
  }
  const fresh = withFreshHead({ spec, tensors }, data.classes.length, seed);
  const notice = `${weights}: it ${reason}; a fresh head of ${named(data.classes.length)}, by seed ${seed}, takes the place of its own`;
  return { ...fresh, preprocessing, notice };
};
