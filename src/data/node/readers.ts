// Opens any source of images in this process: a table over the kinds of source. Kinds that read files belong here.
import { type ImageReader, readMemory } from "../reader.ts";
import type { ImageSource, SourceKind } from "../source.ts";
import { readPictureFiles } from "./picture-files.ts";

const readers: { readonly [K in SourceKind]: (source: ImageSource<K>) => ImageReader } = {
  memory: readMemory,
  files: readPictureFiles,
};

/** Images and labels of a source, image by image. Throws FormatError where the source contradicts itself. */
export const openReader = <K extends SourceKind>(source: ImageSource<K>): ImageReader => readers[source.kind](source);
