// Labels of a data set in the numbering of the weights: a folder's classes are numbered by their names' order, which need not be the
// order in which a network learned them.
import { UsageError } from "../base/errors.ts";
import type { DataSet } from "../data/data-set.ts";
import type { ImageSource } from "../data/source.ts";
import { classNames, type TrainedModel } from "./trained-model.ts";

const examples = 3;
const listed = (names: readonly string[]): string =>
  `${names.slice(0, examples).join(", ")}${names.length > examples ? ", …" : ""}`;

export interface MatchedImages {
  readonly source: ImageSource;
  /** Names by label. */
  readonly classes: readonly string[];
  /** One sentence, where numbers were taken for the same classes though their names differ. */
  readonly notice?: string;
}

/** The first class that two lists of as many name in other words, said; null where there is none. */
const otherNames = ({ name, classes }: Pick<DataSet, "name" | "classes">, known: readonly string[]): string | null => {
  const differing = classes.flatMap((other, label) => (other === known[label] ? [] : [label]));
  const [first] = differing;
  if (first === undefined) return null;
  const others = differing.length === 1 ? "one class" : `${differing.length} of ${classes.length} classes`;
  return `${name} and the weights name ${others} differently (class ${first}: "${classes[first]}" and "${known[first]}"): the numbers of ${name} are taken to be the weights'; if they aren't, the figures mean nothing`;
};

/** ImageNet has two classes "crane", the bird and the machine, and two "maillot": which one is meant, a folder's name can't say. */
const checkUnambiguous = (
  { name, classes }: Pick<DataSet, "name" | "classes">,
  known: readonly string[],
  labelOf: ReadonlyMap<string, number>,
): void => {
  const repeated = new Set(known.filter((other, label) => labelOf.get(other) !== label));
  const ambiguous = classes.find((other) => repeated.has(other));
  if (ambiguous === undefined) return;
  const labels = known.flatMap((other, label) => (other === ambiguous ? [label] : []));
  throw new UsageError(
    `${name} has the class "${ambiguous}", but the weights give that name to classes ${labels.join(" and ")}; move the folder out of ${name}, or give these classes of the weights different names and the folder the one that is meant`,
  );
};

/** Of a data set, what its classes are matched by. */
export type NamedClasses = Pick<DataSet, "name" | "classes" | "labelsAreFixed">;

/** The images as matchClasses gives them, with a name for each class of the network. Throws UsageError as it does, and for a label beyond them. */
export const imagesForModel = (model: TrainedModel, source: ImageSource, data: NamedClasses): MatchedImages => {
  const matched = matchClasses(source, data, model.classes);
  const highest = matched.source.labels.reduce((most, label) => Math.max(most, label), -1);
  if (highest >= model.spec.classes) {
    throw new UsageError(
      `${model.spec.name} tells ${model.spec.classes} classes apart, but ${data.name} has ${data.classes.length}: it can't answer class ${highest}; evaluate it on data of its own classes`,
    );
  }
  // A data set in memory with fewer classes than the network: the others have the network's names, or numbers.
  const numbered = classNames(model).map((name, label) => matched.classes[label] ?? name);
  return matched.classes.length < numbered.length ? { ...matched, classes: numbered } : matched;
};

/**
 * The images with the labels that the network's answers have. Where the network doesn't name its classes, or the images lie in memory,
 * the numbers are taken as they are; also where the data fix their numbers (`labelsAreFixed`) and name as many classes in other words: that comes
 * with a notice.
 * Throws UsageError for a class that the network doesn't know, and for one whose name it gives to more than one of its classes.
 */
export const matchClasses = (
  source: ImageSource,
  data: NamedClasses,
  known: readonly string[] | null,
): MatchedImages => {
  const { classes } = data;
  if (known === null || source.kind === "memory") return { source, classes };
  const labelOf = new Map(known.map((name, label) => [name, label]));
  const unknown = classes.filter((name) => !labelOf.has(name));
  if (data.labelsAreFixed === true && known.length === classes.length) {
    const notice = otherNames(data, known);
    if (notice === null) return { source, classes: known };
    if (unknown.length > 0) return { source, classes: known, notice };
  }
  if (unknown.length > 0) {
    throw new UsageError(
      `${data.name} has classes that the weights don't know: ${listed(unknown)}; they know ${listed(known)}`,
    );
  }
  checkUnambiguous(data, known, labelOf);
  const labels = source.labels.map((label) => labelOf.get(classes[label] ?? "") ?? label);
  return { source: { ...source, labels }, classes: known };
};
