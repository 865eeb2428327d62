// Opens any source of images in this process: a table over the kinds of source. Kinds that read files belong here.
import { type ImageReader, type PictureReader, readMemory } from "../reader.ts";
import type { ImageSource, SourceKind } from "../source.ts";
import { readPictureFiles } from "./picture-files.ts";
import { readSpans } from "./span-pictures.ts";

/** Parquet's reader is loaded when the first picture is: other sources have no use for it. */
const readParquet = (source: ImageSource<"parquet">): PictureReader => {
  let opening: Promise<PictureReader> | null = null;
  const open = (): Promise<PictureReader> => {
    opening ??= import("./parquet/parquet-pictures.ts").then(({ readParquetPictures }) => readParquetPictures(source));
    return opening;
  };
  return {
    kind: "pictures",
    labels: source.labels,
    nameOf: (image) =>
      `${source.files[source.fileOf[image] ?? -1] ?? source.folder}: row ${source.rows[image] ?? image}`,
    bytes: async (image) => (await open()).bytes(image),
    picture: async (image, bytes) => (await open()).picture(image, bytes),
  };
};

const readers: { readonly [K in SourceKind]: (source: ImageSource<K>) => ImageReader } = {
  memory: readMemory,
  files: readPictureFiles,
  spans: readSpans,
  parquet: readParquet,
};

/** Images and labels of a source, image by image. Throws FormatError where the source contradicts itself. */
export const openReader = <K extends SourceKind>(source: ImageSource<K>): ImageReader => readers[source.kind](source);
