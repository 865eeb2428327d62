// Snappy's raw format (google/snappy, format_description.txt): a length, then literals and copies of what came before. Written here because
// it must end on damaged bytes, and write nowhere but into its result.

const damaged = (what: string): RangeError => new RangeError(`the Snappy data is damaged: ${what}`);

/** A little-endian number of so many bytes. */
const numberAt = (bytes: Uint8Array, at: number, length: number): number => {
  if (at + length > bytes.length) throw damaged("it ends within an element");
  let value = 0;
  for (let i = length - 1; i >= 0; i--) value = value * 256 + bytes[at + i]!;
  return value;
};

/** Decompresses what should be exactly `length` bytes. Throws RangeError where it isn't. */
export const decompressSnappy = (bytes: Uint8Array, length: number): Uint8Array => {
  let at = 0;
  let announced = 0;
  for (let shift = 0; ; shift += 7) {
    const byte = bytes[at++];
    if (byte === undefined || shift > 28) throw damaged("its length can't be read");
    announced += (byte & 0x7f) * 2 ** shift;
    if (byte < 0x80) break;
  }
  if (announced !== length) throw damaged(`it says that it holds ${announced} bytes, not ${length}`);
  const result = new Uint8Array(length);
  let written = 0;
  while (at < bytes.length) {
    const tag = bytes[at++]!;
    const kind = tag & 3;
    if (kind === 0) {
      const short = tag >>> 2;
      const sizeBytes = Math.max(0, short - 59);
      const size = (sizeBytes === 0 ? short : numberAt(bytes, at, sizeBytes)) + 1;
      at += sizeBytes;
      if (at + size > bytes.length || written + size > length) throw damaged("a literal is too long");
      result.set(bytes.subarray(at, at + size), written);
      at += size;
      written += size;
      continue;
    }
    const size = kind === 1 ? ((tag >>> 2) & 7) + 4 : (tag >>> 2) + 1;
    const offsetBytes = kind === 3 ? 4 : kind;
    const offset = numberAt(bytes, at, offsetBytes) + (kind === 1 ? (tag >>> 5) * 256 : 0);
    at += offsetBytes;
    if (offset === 0 || offset > written || written + size > length) throw damaged("a copy leads nowhere");
    // The copy may overlap what it writes: then it repeats.
    for (let i = 0; i < size; i++) result[written + i] = result[written - offset + i]!;
    written += size;
  }
  if (written !== length) throw damaged(`it holds ${written} bytes, not ${length}`);
  return result;
};
