// Where the images of a split come from, as data that can be handed to worker threads: pixels in shared memory, lists of files, places
// within tar shards, or rows of Parquet files. A new kind of source is one line in `ImageSources` and one row in each table over its kinds.
import { type ChannelLayout, transposeEach } from "../base/channel-layout.ts";
import { UsageError } from "../base/errors.ts";
import { elementCount, formatShape } from "../base/shape.ts";

/** Sizes of one image, channels first. */
export type PixelShape = readonly [channels: number, height: number, width: number];

/** What each kind of source holds beside its labels. */
export interface ImageSources {
  /** All images decoded in shared memory: `pixels` is [N, C, H, W] in bytes, `shape` is that of one image. */
  memory: { readonly shape: PixelShape; readonly pixels: Uint8Array };
  /** Pictures of any sizes, decoded when they are asked for: image i is the file `folder`/`paths[i]`, with "/" between the parts. */
  files: { readonly folder: string; readonly paths: readonly string[] };
  /**
   * Pictures stored whole within larger files (tar shards): image i is the `lengths[i]` bytes from byte `offsets[i]` on of the file
   * `folder`/`files[fileOf[i]]`, and errors call it `names[i]`.
   */
  spans: {
    readonly folder: string;
    readonly files: readonly string[];
    readonly fileOf: Int32Array;
    readonly offsets: Float64Array;
    readonly lengths: Int32Array;
    readonly names: readonly string[];
  };
  /** Pictures in a column of Parquet files: image i is row `rows[i]`, counted from 0, of `folder`/`files[fileOf[i]]`. */
  parquet: {
    readonly folder: string;
    readonly files: readonly string[];
    readonly column: string;
    readonly fileOf: Int32Array;
    readonly rows: Int32Array;
  };
}
export type SourceKind = keyof ImageSources;

/** One split of a data set. Image i has the class `labels[i]`; the number of images is `labels.length`. */
export type ImageSource<K extends SourceKind = SourceKind> = {
  [P in K]: { readonly kind: P; readonly labels: Int32Array } & ImageSources[P];
}[K];

/** A copy in memory that threads share; the array itself where it lies there already. */
const shared = (bytes: Uint8Array): Uint8Array => {
  if (bytes.buffer instanceof SharedArrayBuffer) return bytes;
  const copy = new Uint8Array(new SharedArrayBuffer(bytes.length));
  copy.set(bytes);
  return copy;
};

/** The way from [N, H, W, C]: a copy in shared memory. */
const channelsFirst = ([channels, height, width]: PixelShape, pixels: Uint8Array, images: number): Uint8Array => {
  const copy = new Uint8Array(new SharedArrayBuffer(pixels.length));
  transposeEach(pixels, copy, images, height * width, channels);
  return copy;
};

/**
 * Images in memory: pixels [N, C, H, W] (bytes, 0 … 255), or [N, H, W, C] where `layout` is "channels-last", and N classes. `shape`
 * has the channels first either way. Copied into shared memory unless they lie there as [N, C, H, W].
 * Throws UsageError when there are no images, or when pixels and labels differ in number.
 */
export const memorySource = (
  shape: PixelShape,
  pixels: Uint8Array,
  labels: ArrayLike<number>,
  layout: ChannelLayout = "channels-first",
): ImageSource<"memory"> => {
  const imageBytes = elementCount(shape);
  if (labels.length === 0 || imageBytes === 0) {
    throw new UsageError(`a source of images needs at least one: ${labels.length} images of ${formatShape(shape)}`);
  }
  if (pixels.length !== imageBytes * labels.length) {
    throw new UsageError(
      `${labels.length} labels of images ${formatShape(shape)} go with ${imageBytes * labels.length} bytes of pixels but there are ${pixels.length}`,
    );
  }
  const sharedLabels = new Int32Array(new SharedArrayBuffer(4 * labels.length));
  sharedLabels.set(labels);
  const planes = layout === "channels-last" ? channelsFirst(shape, pixels, labels.length) : shared(pixels);
  return { kind: "memory", shape, pixels: planes, labels: sharedLabels };
};

/** The picture files `folder`/`paths[i]` of classes `labels[i]`. Throws UsageError when there are none, or not as many labels. */
export const filesSource = (
  folder: string,
  paths: readonly string[],
  labels: ArrayLike<number>,
): ImageSource<"files"> => {
  if (paths.length === 0)
    throw new UsageError(`a source of images needs at least one: no files of ${folder} are given`);
  if (labels.length !== paths.length) {
    throw new UsageError(`${paths.length} files of ${folder} need as many labels but there are ${labels.length}`);
  }
  return { kind: "files", folder, paths, labels: Int32Array.from(labels) };
};

const int32Of = (values: Int32Array, indices: ArrayLike<number>): Int32Array =>
  Int32Array.from(indices, (image) => values[image]!);

const selections: {
  readonly [K in SourceKind]: (source: ImageSource<K>, indices: ArrayLike<number>) => ImageSource<K>;
} = {
  memory: (source, indices) => {
    const imageBytes = elementCount(source.shape);
    const pixels = new Uint8Array(new SharedArrayBuffer(imageBytes * indices.length));
    const labels = new Int32Array(new SharedArrayBuffer(4 * indices.length));
    for (let i = 0; i < indices.length; i++) {
      const from = indices[i]!;
      pixels.set(source.pixels.subarray(from * imageBytes, (from + 1) * imageBytes), i * imageBytes);
      labels[i] = source.labels[from]!;
    }
    return { kind: "memory", shape: source.shape, pixels, labels };
  },
  files: ({ folder, paths, labels }, indices) => ({
    kind: "files",
    folder,
    paths: Array.from(indices, (image) => paths[image]!),
    labels: int32Of(labels, indices),
  }),
  spans: ({ labels, fileOf, offsets, lengths, names, ...rest }, indices) => ({
    ...rest,
    labels: int32Of(labels, indices),
    fileOf: int32Of(fileOf, indices),
    offsets: Float64Array.from(indices, (image) => offsets[image]!),
    lengths: int32Of(lengths, indices),
    names: Array.from(indices, (image) => names[image]!),
  }),
  parquet: ({ labels, fileOf, rows, ...rest }, indices) => ({
    ...rest,
    labels: int32Of(labels, indices),
    fileOf: int32Of(fileOf, indices),
    rows: int32Of(rows, indices),
  }),
};

/** The images at these indices, in this order, as a source of their own. */
export const selectImages = <K extends SourceKind>(
  source: ImageSource<K>,
  indices: ArrayLike<number>,
): ImageSource<K> => selections[source.kind](source, indices);

/** Of texts, at two bytes a letter. */
const textBytes = (texts: readonly string[]): number => texts.reduce((bytes, text) => bytes + 2 * text.length, 0);

const sizes: { readonly [K in SourceKind]: (source: ImageSource<K>) => number } = {
  memory: (source) => source.pixels.byteLength + source.labels.byteLength,
  // Every worker thread has a copy of these.
  files: ({ paths, labels }) => textBytes(paths) + labels.byteLength,
  spans: ({ labels, fileOf, offsets, lengths, names }) =>
    labels.byteLength + fileOf.byteLength + offsets.byteLength + lengths.byteLength + textBytes(names),
  parquet: ({ labels, fileOf, rows }) => labels.byteLength + fileOf.byteLength + rows.byteLength,
};

/** Memory that a source itself keeps, in bytes. */
export const sourceBytes = <K extends SourceKind>(source: ImageSource<K>): number => sizes[source.kind](source);

const pixelShapes: { readonly [K in SourceKind]: (source: ImageSource<K>) => PixelShape | null } = {
  memory: (source) => source.shape,
  files: () => null,
  spans: () => null,
  parquet: () => null,
};

/** The shape that all images of a source have; null where they may differ. */
export const pixelShapeOf = <K extends SourceKind>(source: ImageSource<K>): PixelShape | null =>
  pixelShapes[source.kind](source);
