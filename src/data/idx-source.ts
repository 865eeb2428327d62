// Two IDX files, one of images and one of labels, as a source in memory.
import { FormatError } from "../base/errors.ts";
import { readIdxBytes } from "./idx.ts";
import { type ImageSource, memorySource } from "./source.ts";

/** A file's contents, and its name for errors. */
export interface NamedBytes {
  readonly file: string;
  readonly bytes: Uint8Array;
}

/**
 * Grey images [N, H, W] and their labels [N], both unsigned bytes. Throws FormatError when a file is not that, when there are
 * more of one than of the other, none at all, or when a label is not below `classes` (at most 256).
 */
export const idxSource = (images: NamedBytes, labels: NamedBytes, classes = 256): ImageSource<"memory"> => {
  const { shape, data: pixels } = readIdxBytes(images.file, images.bytes, 3);
  const { data: classOf } = readIdxBytes(labels.file, labels.bytes, 1);
  const [count, height, width] = [shape[0]!, shape[1]!, shape[2]!];
  if (pixels.length === 0) throw new FormatError(images.file, "holds no pixels", 4);
  if (classOf.length !== count) {
    throw new FormatError(labels.file, `holds ${classOf.length} labels but ${images.file} holds ${count} images`, 4);
  }
  const wrong = classOf.findIndex((label) => label >= classes);
  if (wrong !== -1) {
    throw new FormatError(labels.file, `label ${classOf[wrong]} of image ${wrong} is not below ${classes}`, 8 + wrong);
  }
  return memorySource([1, height, width], pixels, classOf);
};
