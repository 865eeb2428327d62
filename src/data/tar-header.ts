// The header of one member of a tar archive (POSIX.1-1988 ustar, GNU's long names and base-256 sizes, pax records of POSIX.1-2001):
// 512 bytes in, name, size and kind out. A reader that streams would have to pass over every image to find the next one; with the
// headers alone, the images of a shard can be addressed at random (see node/shards/).
import { FormatError } from "../base/errors.ts";

/** Headers and the contents of members fill whole blocks of so many bytes. */
export const tarBlockBytes = 512;

/** "file": an ordinary member. "pax" and "long name" say something about the next member. "other": links, folders, devices, … */
export type TarMemberKind = "file" | "pax" | "long name" | "other";

export interface TarHeader {
  readonly name: string;
  /** Of the contents that follow, in bytes, without padding. */
  readonly size: number;
  /** False for links, devices, folders and pipes: nothing follows them, whatever size they or records before them say. */
  readonly hasContents: boolean;
  readonly kind: TarMemberKind;
}

const kinds: ReadonlyMap<string, TarMemberKind> = new Map([
  ["\0", "file"],
  ["0", "file"],
  ["7", "file"], // "contiguous"
  ["x", "pax"],
  ["L", "long name"],
]);

/** Kinds of members that have no contents, whatever size they say: links, devices, folders, pipes. */
const withoutContents = /[1-6]/;

const decoder = new TextDecoder();
const textOf = (block: Uint8Array, from: number, length: number): string => {
  const field = block.subarray(from, from + length);
  const end = field.indexOf(0);
  return decoder.decode(end === -1 ? field : field.subarray(0, end));
};

/** Octal digits between spaces and zeros, or, with the highest bit set, a number of base 256; NaN for what is neither. */
const numberAt = (block: Uint8Array, from: number, length: number): number => {
  if (block[from] === 0x80) {
    return block.subarray(from + 1, from + length).reduce((value, byte) => value * 256 + byte, 0);
  }
  const text = textOf(block, from, length).trim();
  return text === "" ? 0 : /^[0-7]+$/.test(text) ? Number.parseInt(text, 8) : Number.NaN;
};

/** Sum of all bytes, those of the checksum itself (148 … 155) taken as spaces. */
const checksumOf = (block: Uint8Array): number =>
  block.reduce((sum, byte, at) => sum + (at >= 148 && at < 156 ? 0x20 : byte), 0);

/**
 * Reads a header; null for the block of zeros that ends an archive. `file` and `at`, where in it the block lies, are for errors: throws
 * FormatError for what is no header, or a damaged one.
 */
export const readTarHeader = (block: Uint8Array, file: string, at: number): TarHeader | null => {
  if (block.every((byte) => byte === 0)) return null;
  const checksum = numberAt(block, 148, 8);
  if (checksum !== checksumOf(block)) {
    throw new FormatError(file, "is no tar archive, or damaged: the checksum of a member's header is wrong", at);
  }
  const size = numberAt(block, 124, 12);
  if (!Number.isSafeInteger(size)) throw new FormatError(file, "a member's header has no size that can be read", at);
  const type = String.fromCharCode(block[156]!);
  const hasContents = !withoutContents.test(type);
  const prefix = textOf(block, 257, 6) === "ustar" ? textOf(block, 345, 155) : "";
  const name = textOf(block, 0, 100);
  return {
    name: prefix === "" ? name : `${prefix}/${name}`,
    size: hasContents ? size : 0,
    hasContents,
    kind: kinds.get(type) ?? "other",
  };
};

/** What pax records ("27 path=a/long/name\n", the number counting the whole record) say of the next member. */
export const readPaxRecords = (
  bytes: Uint8Array,
  file: string,
  at: number,
): { readonly name?: string; readonly size?: number } => {
  const found: { name?: string; size?: number } = {};
  for (let start = 0; start < bytes.length; ) {
    const space = bytes.indexOf(0x20, start);
    const length =
      space === -1 ? Number.NaN : Number(decoder.decode(bytes.subarray(start, Math.min(space, start + 10))));
    if (!Number.isInteger(length) || length <= space - start || start + length > bytes.length) {
      throw new FormatError(file, "a member's pax records can't be read", at);
    }
    const record = decoder.decode(bytes.subarray(space + 1, start + length - 1));
    const equals = record.indexOf("=");
    const [key, value] = [record.slice(0, equals), record.slice(equals + 1)];
    if (key === "path") found.name = value;
    if (key === "size") {
      found.size = /^\d+$/.test(value) ? Number(value) : Number.NaN;
      if (!Number.isSafeInteger(found.size))
        throw new FormatError(file, `a member's size is "${value.slice(0, 30)}"`, at);
    }
    start += length;
  }
  return found;
};
