// Writes zip archives of stored entries, in pieces, so that nothing large is copied. Reading: read-zip.ts.
import { UsageError } from "../../base/errors.ts";
import { crc32 } from "./crc32.ts";

/** Entries' names and bytes, in one piece or several, in the archive's order. */
export type ZipContent = readonly (readonly [name: string, content: Uint8Array | readonly Uint8Array[]])[];

/** Data start at multiples of it, as PyTorch's do: padded by an extra field of the local header that readers skip. */
const alignment = 64;
const paddingField = 0x4246; // "FB", PyTorch's name for it
const [utf8Flag, firstOfJanuary1980, version] = [0x0800, 0x21, 20];

const little = (...fields: readonly (readonly [bytes: 2 | 4, value: number])[]): Uint8Array => {
  const bytes = new Uint8Array(fields.reduce((sum, [size]) => sum + size, 0));
  let at = 0;
  for (const [size, value] of fields) for (let i = 0; i < size; i++) bytes[at++] = (value / 256 ** i) & 0xff;
  return bytes;
};

/**
 * The pieces of an archive, to be written one after another. The same content gives the same bytes: no dates. Throws UsageError
 * beyond 4 GiB or 65,534 entries, for which zip64 would be needed.
 */
export const zipParts = (content: ZipContent): readonly Uint8Array[] => {
  const parts: Uint8Array[] = [];
  const directory: Uint8Array[] = [];
  let position = 0;
  const append = (part: Uint8Array): void => {
    parts.push(part);
    position += part.length;
  };
  for (const [name, given] of content) {
    const pieces = given instanceof Uint8Array ? [given] : given;
    const bytes = pieces.reduce((sum, { length }) => sum + length, 0);
    const checksum = pieces.reduce((crc, piece) => crc32(piece, crc), 0);
    const encoded = new TextEncoder().encode(name);
    if (encoded.length > 0xffff || /\p{Surrogate}/u.test(name)) {
      throw new UsageError(`a zip archive can't hold an entry named ${JSON.stringify(name)}; rename it`);
    }
    const start = position;
    const common = [
      [2, version],
      [2, utf8Flag],
      [2, 0], // stored
      [2, 0],
      [2, firstOfJanuary1980],
      [4, checksum],
      [4, bytes],
      [4, bytes],
      [2, encoded.length],
    ] as const;
    const unpadded = start + 30 + encoded.length + 4;
    const padding = (alignment - (unpadded % alignment)) % alignment;
    append(little([4, 0x04034b50], ...common, [2, 4 + padding]));
    append(encoded);
    append(little([2, paddingField], [2, padding]));
    append(new Uint8Array(padding));
    for (const piece of pieces) append(piece);
    directory.push(
      little([4, 0x02014b50], [2, version], ...common, [2, 0], [2, 0], [2, 0], [2, 0], [4, 0], [4, start]),
    );
    directory.push(encoded);
  }
  const directoryStart = position;
  for (const part of directory) append(part);
  const count = content.length;
  if (position + 22 > 0xfffffffe || count > 0xfffe) {
    throw new UsageError(`${count} tensors in ${position} bytes are too many for a zip archive; write .safetensors`);
  }
  const size = position - directoryStart;
  append(little([4, 0x06054b50], [2, 0], [2, 0], [2, count], [2, count], [4, size], [4, directoryStart], [2, 0]));
  return parts;
};
