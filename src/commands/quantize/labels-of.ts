// Images to compare two networks on. Where the data's classes are not the network's, both are still compared, but not with the truth.
import type { DataSet } from "../../data/data-set.ts";
import type { ImageSource } from "../../data/source.ts";
import { matchClasses } from "../match-classes.ts";
import type { TrainedModel } from "../trained-model.ts";

export interface LabelledImages {
  readonly source: ImageSource;
  /** Whether the labels are classes of the network; where not, all are 0. */
  readonly known: boolean;
  /** Where labels are taken for classes of other names. */
  readonly notice?: string;
}

const areOfNetwork = ({ classes }: DataSet, source: ImageSource, { classes: named, spec }: TrainedModel): boolean =>
  named !== null && source.kind === "files"
    ? classes.every((name) => named.includes(name))
    : classes.length === spec.classes;

/** Throws UsageError for a class whose name the network gives to more than one of its own. */
export const labelsOf = (source: ImageSource, data: DataSet, model: TrainedModel): LabelledImages => {
  if (!areOfNetwork(data, source, model)) {
    return { source: { ...source, labels: new Int32Array(source.labels.length) }, known: false };
  }
  const { source: matched, notice } = matchClasses(source, data, model.classes);
  return { source: matched, known: true, ...(notice !== undefined && { notice }) };
};
