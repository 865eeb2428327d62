// Where the images of a split come from, as data that can be handed to worker threads: pixels in shared memory, or lists of
// files, and later shards. A new kind of source is one line in `ImageSources` and one row in each table over its kinds.
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

/**
 * Images in memory: pixels [N, C, H, W] (bytes, 0 … 255) and N classes. Copied into shared memory unless they lie there.
 * Throws UsageError when there are no images, or when pixels and labels differ in number.
 */
export const memorySource = (
  shape: PixelShape,
  pixels: Uint8Array,
  labels: ArrayLike<number>,
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
  return { kind: "memory", shape, pixels: shared(pixels), labels: sharedLabels };
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
    labels: Int32Array.from(indices, (image) => labels[image]!),
  }),
};

/** The images at these indices, in this order, as a source of their own. */
export const selectImages = <K extends SourceKind>(
  source: ImageSource<K>,
  indices: ArrayLike<number>,
): ImageSource<K> => selections[source.kind](source, indices);

const sizes: { readonly [K in SourceKind]: (source: ImageSource<K>) => number } = {
  memory: (source) => source.pixels.byteLength + source.labels.byteLength,
  // As text of two bytes a letter; every worker thread has a copy.
  files: ({ paths, labels }) => paths.reduce((bytes, path) => bytes + 2 * path.length, labels.byteLength),
};

/** Memory that a source itself keeps, in bytes. */
export const sourceBytes = <K extends SourceKind>(source: ImageSource<K>): number => sizes[source.kind](source);

const pixelShapes: { readonly [K in SourceKind]: (source: ImageSource<K>) => PixelShape | null } = {
  memory: (source) => source.shape,
  files: () => null,
};

/** The shape that all images of a source have; null where they may differ. */
export const pixelShapeOf = <K extends SourceKind>(source: ImageSource<K>): PixelShape | null =>
  pixelShapes[source.kind](source);
