// Tensors from another family's names to torchvision's, and back.
import { UsageError } from "../../base/errors.ts";
import type { HostTensor, NamedTensors } from "../../base/tensor.ts";
import { type NameTemplate, nameTemplate } from "./name-template.ts";
import { type Naming, namings, prefixes, torchvision } from "./namings.ts";

export interface Renamed {
  /** Under torchvision's names where the family is known, in the order that they had. */
  readonly tensors: NamedTensors;
  readonly naming: Naming;
  /** What stood before every name: "module.". */
  readonly prefix: string;
}

type Row = readonly [from: NameTemplate, to: NameTemplate];

const translate = (name: string, rows: readonly Row[]): string | null => {
  for (const [from, to] of rows) {
    const parts = from.parse(name);
    if (parts !== null) return to.format(parts);
  }
  return null;
};

const translations = new Map(
  namings.map((naming) => {
    const rows = naming.rows.map(([theirs, ours]): Row => [nameTemplate(theirs), nameTemplate(ours)]);
    return [naming.name, { toOurs: rows, toTheirs: rows.map(([theirs, ours]): Row => [ours, theirs]) }] as const;
  }),
);

/** All names translated, in order; or the first that has no translation. */
const translateAll = (
  names: Iterable<string>,
  rows: readonly Row[],
): readonly string[] | { readonly without: string } => {
  const translated: string[] = [];
  for (const name of names) {
    const found = translate(name, rows);
    if (found === null) return { without: name };
    translated.push(found);
  }
  return translated;
};

/** What stands before every name, as often as wrappers were nested. */
const prefixOf = (names: readonly string[]): string => {
  let prefix = "";
  for (;;) {
    const next = prefixes.find((candidate) => names.every((name) => name.startsWith(prefix + candidate)));
    if (next === undefined || names.length === 0) return prefix;
    prefix += next;
  }
};

const reshaped = (given: HostTensor, isConvolution: boolean): HostTensor => {
  const { dtype, shape, data } = given;
  const [classes = 0, features = 0, height, width] = shape;
  if (isConvolution && shape.length === 2) return { dtype, shape: [classes, features, 1, 1], data };
  if (!isConvolution && shape.length === 4 && height === 1 && width === 1) {
    return { dtype, shape: [classes, features], data };
  }
  return given;
};

const head = "fc.weight";

/**
 * Tensors under torchvision's names: prefixes that all names share are taken off, and the first family whose table has every name
 * is taken. Names that no family has stay as they are (`naming` is then torchvision's). Elements aren't copied.
 */
export const toTorchvision = (tensors: NamedTensors): Renamed => {
  const prefix = prefixOf([...tensors.keys()]);
  const names = [...tensors.keys()].map((name) => name.slice(prefix.length));
  for (const naming of namings) {
    const translated = translateAll(names, translations.get(naming.name)?.toOurs ?? []);
    if ("without" in translated) continue;
    const renamed = new Map<string, HostTensor>();
    for (const [i, given] of [...tensors.values()].entries()) {
      const name = translated[i] ?? "";
      renamed.set(name, naming.hasConvolutionHead && name === head ? reshaped(given, false) : given);
    }
    return { tensors: renamed, naming, prefix };
  }
  return { tensors, naming: torchvision, prefix: "" };
};

/**
 * Tensors under another family's names, from torchvision's. `naming` is a name of `namings`. Throws UsageError for an unknown family,
 * and for a tensor that the family has no name for.
 */
export const fromTorchvision = (tensors: NamedTensors, naming: string): NamedTensors => {
  const known = namings.find(({ name }) => name === naming);
  const rows = translations.get(naming)?.toTheirs;
  if (known === undefined || rows === undefined) {
    const names = namings.map(({ name }) => name).join(", ");
    throw new UsageError(`no family of weights is named "${naming}"; known are ${names}`);
  }
  const translated = translateAll(tensors.keys(), rows);
  if ("without" in translated) {
    throw new UsageError(
      `${known.whose} have no name for ${translated.without}, so it can't be written under their names`,
    );
  }
  const renamed = new Map<string, HostTensor>();
  for (const [i, [name, given]] of [...tensors].entries()) {
    renamed.set(translated[i] ?? "", known.hasConvolutionHead && name === head ? reshaped(given, true) : given);
  }
  return renamed;
};
