// The files of CIFAR's binary versions, wherever they come from (a folder, or the authors' archive), as a data set.
import { createHash } from "node:crypto";
import { FormatError, UsageError } from "../../../base/errors.ts";
import { type CifarRows, cifar10Rows, cifar100Rows, cifarSource } from "../../cifar.ts";
import type { DataSet } from "../../data-set.ts";
import type { NamedBytes } from "../../idx-source.ts";

/** CIFAR-100's images with the labels of their 100 classes, or of the 20 superclasses. */
export type CifarLabels = "fine" | "coarse";

export interface CifarLayout {
  /** For people. */
  readonly title: string;
  readonly name: string;
  readonly classes: number;
  readonly rows: CifarRows;
  /** Patterns of the files of images, and the file of class names. */
  readonly train: RegExp;
  readonly test: RegExp;
  readonly names: string;
  /** Names where that file isn't there. */
  readonly knownNames: readonly string[] | null;
}

export const cifar10Layout: CifarLayout = {
  title: "CIFAR-10",
  name: "cifar10",
  classes: 10,
  rows: cifar10Rows,
  train: /^data_batch_\d+\.bin$/,
  test: /^test_batch\.bin$/,
  names: "batches.meta.txt",
  knownNames: ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"],
};

const cifar100 = { train: /^train\.bin$/, test: /^test\.bin$/, knownNames: null };
export const cifar100Layouts: { readonly [L in CifarLabels]: CifarLayout } = {
  fine: {
    title: "CIFAR-100",
    name: "cifar100",
    classes: 100,
    rows: cifar100Rows.fine,
    names: "fine_label_names.txt",
    ...cifar100,
  },
  coarse: {
    title: "CIFAR-100 with its 20 superclasses",
    name: "cifar100-coarse",
    classes: 20,
    rows: cifar100Rows.coarse,
    names: "coarse_label_names.txt",
    ...cifar100,
  },
};

/** Larger files are not CIFAR's: all images of CIFAR-100 in one would have 185 MB. */
export const largestCifarBytes = 2 ** 28;

const classNames = (layout: CifarLayout, names: NamedBytes | undefined): readonly string[] => {
  const numbers = (): readonly string[] => Array.from({ length: layout.classes }, (_, label) => String(label));
  if (names === undefined) return layout.knownNames ?? numbers();
  const lines = new TextDecoder()
    .decode(names.bytes)
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "");
  if (lines.length === layout.classes) return lines;
  throw new FormatError(names.file, `names ${lines.length} classes but ${layout.title} has ${layout.classes}`);
};

const sha256 = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

/** Whether these names of files are those of this layout. */
export const isCifar = ({ train, test }: CifarLayout, names: readonly string[]): boolean =>
  names.some((name) => train.test(name)) || names.some((name) => test.test(name));

/**
 * The data set that these files make, by their names without folders; batches in the order of their numbers, images as they lie in them.
 * Throws UsageError where train or test is missing, FormatError where a file is damaged.
 */
export const cifarDataSet = (
  layout: CifarLayout,
  files: ReadonlyMap<string, NamedBytes>,
  place: { readonly where: string; readonly found: string },
): DataSet => {
  const matching = (pattern: RegExp, missing: string): readonly NamedBytes[] => {
    const names = [...files.keys()].filter((name) => pattern.test(name));
    if (names.length === 0) {
      throw new UsageError(
        `${place.where} holds files of ${layout.title} (${[...files.keys()].join(", ")}) but no ${missing}`,
      );
    }
    const number = (name: string): number => Number(/\d+/.exec(name)?.[0] ?? 0);
    return names.sort((a, b) => number(a) - number(b)).flatMap((name) => files.get(name) ?? []);
  };
  const train = matching(layout.train, layout.name === "cifar10" ? "data_batch_1.bin" : "train.bin");
  const test = matching(layout.test, layout.name === "cifar10" ? "test_batch.bin" : "test.bin");
  const names = files.get(layout.names);
  return {
    name: layout.name,
    classes: classNames(layout, names),
    train: cifarSource(train, layout.rows, layout.classes),
    test: cifarSource(test, layout.rows, layout.classes),
    validation: null,
    origin: `${layout.title}, 32×32 RGB, ${layout.classes} classes, from ${place.found}`,
    labelsAreFixed: true,
    files: [...train, ...test].map(({ file, bytes }) => ({ path: file, sha256: sha256(bytes) })),
  };
};
