// `residual data inspect`: what is in a data set, before anything is trained on it: classes, sizes, formats, damage, duplicates, and a
// picture of a few images of each class.
import { resolve } from "node:path";
import { UsageError } from "../../base/errors.ts";
import { writeFileAtomically } from "../../checkpoint/node/atomic-file.ts";
import type { DataSet } from "../../data/data-set.ts";
import { openReader } from "../../data/node/readers.ts";
import type { ImageSource } from "../../data/source.ts";
import type { CommandEnvironment } from "../environment.ts";
import { classBalance, countClasses } from "./class-balance.ts";
import type { InspectDocument, NamedImage, SplitFacts, Spread } from "./inspect-document.ts";
import { inspectProgress } from "./inspect-progress.ts";
import { type LookedAt, lookAtImages } from "./look-at-images.ts";
import { preparationRate } from "./preparation-rate.ts";
import { findDuplicates } from "./same-images.ts";

export interface InspectOptions {
  /** A named data set or a path. */
  readonly data: string;
  /** The PNG file of the contact sheet; false draws none. By default `<name>-contact-sheet.png`; an older one is replaced. */
  readonly sheet?: string | false;
  /** False looks at headers and ends of pictures alone, which is much faster and misses damage in their middle; default true. */
  readonly decode?: boolean;
}

interface LookedAtSplit {
  readonly split: string;
  readonly source: ImageSource;
  readonly looked: LookedAt;
}

const splitsOf = ({ train, validation, test }: DataSet): readonly { split: string; source: ImageSource }[] => [
  { split: "train", source: train },
  ...(validation === null ? [] : [{ split: "validation", source: validation }]),
  { split: "test", source: test },
];

/** Smallest, middle (the lower of two) and largest; null of nothing. */
export const spreadOf = (values: Float64Array): Spread | null => {
  const sorted = Float64Array.from(values).sort();
  const [min, median, max] = [sorted[0], sorted[Math.floor((sorted.length - 1) / 2)], sorted.at(-1)];
  return min === undefined || median === undefined || max === undefined ? null : { min, median, max };
};

const sizesOf = (splits: readonly LookedAtSplit[]): InspectDocument["sizes"] => {
  const known = (of: (looked: LookedAt, image: number) => number): Spread | null =>
    spreadOf(
      Float64Array.from(
        splits.flatMap(({ looked }) =>
          Array.from(looked.widths.keys(), (image) => (looked.widths[image] === 0 ? Number.NaN : of(looked, image))),
        ),
      ).filter((value) => !Number.isNaN(value)),
    );
  const width = known(({ widths }, image) => widths[image]!);
  const height = known(({ heights }, image) => heights[image]!);
  const aspect = known(({ widths, heights }, image) => widths[image]! / heights[image]!);
  return width === null || height === null || aspect === null ? null : { width, height, aspect };
};

/** Summed over the splits, most first. */
const summed = (counts: readonly ReadonlyMap<string, number>[]): Readonly<Record<string, number>> => {
  const sums = new Map<string, number>();
  for (const [key, count] of counts.flatMap((map) => [...map])) sums.set(key, (sums.get(key) ?? 0) + count);
  return Object.fromEntries([...sums].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1)));
};

const factsOf = ({ split, source }: LookedAtSplit, classes: readonly string[]): SplitFacts => {
  const counts = countClasses(source.labels, classes.length);
  const named = classes.map((name, label) => ({ name, images: counts[label] ?? 0 }));
  return { split, images: source.labels.length, classes: named };
};

/** Names of images: those of their files, else their place. */
const namer = (splits: readonly LookedAtSplit[], classes: readonly string[]) => {
  const readers = splits.map(({ source }) => openReader(source));
  return (number: number, image: number): NamedImage => {
    const [split, reader] = [splits[number]?.split ?? "", readers[number]];
    const label = reader?.labels[image] ?? 0;
    const name = reader?.kind === "pictures" ? reader.nameOf(image) : `image ${image}`;
    return { split, class: classes[label] ?? String(label), image: name };
  };
};

const sheetFile = ({ sheet }: InspectOptions, name: string): string | null => {
  if (sheet === false) return null;
  const file = sheet ?? `${name.replaceAll(/[^A-Za-z0-9._-]+/g, "-")}-contact-sheet.png`;
  if (file.toLowerCase().endsWith(".png")) return file;
  throw new UsageError(`--sheet should name a file that ends in .png but is "${file}"`);
};

const drawSheet = async (
  file: string,
  data: DataSet,
  isBroken: (image: number) => boolean,
  cwd: string,
): Promise<string> => {
  const { contactSheet } = await import("./contact-sheet.ts"); // with what draws, which takes long to load
  const { drawPng } = await import("../report/png.ts");
  const picture = await contactSheet(data.name, data.classes, data.train, isBroken);
  const path = resolve(cwd, file);
  await writeFileAtomically(path, [await drawPng(picture.text)]);
  return path;
};

/**
 * Looks at every image once. What is found is no error; throws UsageError for what is no data set, FormatError, MissingError, and
 * rejects with the signal's reason.
 */
export const inspect = async (options: InspectOptions, environment: CommandEnvironment): Promise<InspectDocument> => {
  const { host, signal, onEvent } = environment;
  const { data: named, decode: decodes = true } = options;
  const data = await environment.openDataSet(named, { ...(signal && { signal }), onEvent });
  const file = sheetFile(options, data.name);
  const found = splitsOf(data);
  const images = found.reduce((sum, { source }) => sum + source.labels.length, 0);
  const onImage = inspectProgress(data.name, images, environment);
  const splits: LookedAtSplit[] = [];
  for (const { split, source } of found) {
    splits.push({ split, source, looked: await lookAtImages(source, { decodes, signal, onImage }) });
  }
  const nameOf = namer(splits, data.classes);
  const sum = (of: (looked: LookedAt) => number): number => splits.reduce((total, { looked }) => total + of(looked), 0);
  const broken = new Set(splits[0]?.looked.broken.map(({ image }) => image));
  const isBroken = (image: number): boolean => broken.has(image);
  const preparation = decodes ? await preparationRate(data.train, isBroken, environment) : null;
  return {
    name: data.name,
    origin: data.origin,
    splits: splits.map((each) => factsOf(each, data.classes)),
    balance: classBalance(data.train.labels, data.classes),
    sizes: sizesOf(splits),
    formats: summed(splits.map(({ looked }) => looked.formats)),
    modes: summed(splits.map(({ looked }) => looked.modes)),
    turned: sum(({ turned }) => turned),
    animated: sum(({ animated }) => animated),
    decoded: decodes,
    preparation,
    broken: [
      ...(data.leftOut ?? []).map(({ file, problem }) => ({ split: null, image: file, problem })),
      ...splits.flatMap(({ split, looked }, number) =>
        looked.broken.map(({ image, problem }) => {
          const { image: name } = nameOf(number, image);
          const reason = problem.startsWith(`${name}: `) ? problem.slice(name.length + 2) : problem;
          return { split, image: name, problem: reason };
        }),
      ),
    ],
    duplicates: findDuplicates({
      contents: splits.map(({ looked }) => looked.contents),
      pixels: splits.map(({ looked }) => looked.pixels),
      nameOf,
    }),
    contactSheet: file === null ? null : await drawSheet(file, data, isBroken, host.cwd),
  };
};
