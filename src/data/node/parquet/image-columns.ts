// Which columns of a Parquet file hold the images and their labels: as the Hugging Face hub's `datasets` says in the file's metadata
// ("huggingface"), or by their names and types.
import { z } from "zod";
import { UsageError } from "../../../base/errors.ts";
import { isReadable } from "./decode-page.ts";
import type { LeafColumn, ParquetFile } from "./parquet-file.ts";

export interface ImageColumns {
  readonly image: LeafColumn;
  readonly label: LeafColumn;
  /** Names by label, where the file has them. */
  readonly classes: readonly string[] | null;
}

const feature = z.looseObject({ _type: z.string().optional(), names: z.unknown().optional() });
const huggingFace = z.object({ info: z.object({ features: z.record(z.string(), feature.catch({})) }) });
const classNames = z.array(z.string());

type Features = z.infer<typeof huggingFace>["info"]["features"];

const featuresOf = ({ metadata }: ParquetFile): Features => {
  const text = metadata.get("huggingface");
  if (text === undefined) return {};
  try {
    return huggingFace.parse(JSON.parse(text)).info.features;
  } catch {
    return {}; // then columns are known by their names
  }
};

/** Labels that a data set of several kinds has: the finest first. */
const labelNames = ["label", "labels", "fine_label", "class", "cls", "target"];
const imageNames = ["image", "img", "jpg", "png", "picture"];

/** By name, the known ones first, in the order of `preferred`. */
const preferring = (preferred: readonly string[], names: readonly string[]): string | undefined =>
  preferred.find((name) => names.includes(name)) ?? names[0];

const listed = (columns: readonly LeafColumn[]): string => columns.map(({ path }) => path.join(".")).join(", ");

/** Throws UsageError where the file has no images or no labels. */
export const imageColumns = (file: ParquetFile): ImageColumns => {
  const { name, columns } = file;
  const features = featuresOf(file);
  const ofType = (type: string): readonly string[] =>
    Object.entries(features).flatMap(([key, { _type }]) => (_type === type ? [key] : []));
  const isBytes = ({ type }: LeafColumn): boolean => type === "BYTE_ARRAY";
  const known = imageNames.filter((key) => columns.some(({ path, type }) => path[0] === key && type === "BYTE_ARRAY"));
  const imageName = preferring(imageNames, [...ofType("Image"), ...known]);
  const image = columns.find(
    (column) =>
      column.path[0] === imageName && isBytes(column) && (column.path.length === 1 || column.path.at(-1) === "bytes"),
  );
  if (image === undefined) {
    throw new UsageError(
      `${name} has no column of images (image with bytes in it, as the Hugging Face hub stores them); its columns are ${listed(columns)}`,
    );
  }
  const numbers = columns.filter(({ path, type }) => path.length === 1 && type !== "BYTE_ARRAY" && isReadable(type));
  const labels = [...ofType("ClassLabel"), ...labelNames].filter((key) => numbers.some(({ path }) => path[0] === key));
  const labelName = preferring(labelNames, labels);
  const label = numbers.find(({ path }) => path[0] === labelName);
  if (label === undefined || labelName === undefined) {
    throw new UsageError(`${name} has no column of labels (label, whole numbers); its columns are ${listed(columns)}`);
  }
  const names = classNames.safeParse(features[labelName]?.names);
  return { image, label, classes: names.success ? names.data : null };
};
