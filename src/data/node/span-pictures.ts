// Opens a source of pictures within larger files (tar shards): each is read from its place when it is asked for. The shard is opened for
// each picture anew, so that nothing has to be closed; beside decoding that costs little.
import { join } from "node:path";
import { FormatError } from "../../base/errors.ts";
import type { PictureReader } from "../reader.ts";
import type { ImageSource } from "../source.ts";
import { checkStoredLength, readStoredPictures } from "./stored-picture.ts";
import { useFile } from "./use-file.ts";

/** So many bytes of a file from `offset` on. Throws FormatError where they aren't there, and what useFile throws. */
export const readSpan = (path: string, offset: number, length: number, name: string): Promise<Uint8Array> =>
  useFile(path, name, async (file) => {
    const bytes = new Uint8Array(length);
    const { bytesRead } = await file.read(bytes, 0, length, offset);
    if (bytesRead < length) throw new FormatError(name, `is cut off: ${bytesRead} of its ${length} bytes are there`);
    return bytes;
  });

export const readSpans = (source: ImageSource<"spans">): PictureReader => {
  const { folder, files, fileOf, offsets, lengths, labels, names } = source;
  const nameOf = (image: number): string => `${files[fileOf[image] ?? -1] ?? folder}: ${names[image] ?? image}`;
  const bytesOf = async (image: number): Promise<Uint8Array> => {
    const file = files[fileOf[image] ?? -1];
    const [offset, length] = [offsets[image], lengths[image]];
    if (file === undefined || offset === undefined || length === undefined) {
      throw new RangeError(`image ${image} of a source of ${labels.length}`);
    }
    checkStoredLength(nameOf(image), length);
    return readSpan(join(folder, file), offset, length, nameOf(image));
  };
  return readStoredPictures({ labels, nameOf, bytes: bytesOf });
};
