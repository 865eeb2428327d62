// From the bytes of a Parquet page to its values: bytes (images) or whole numbers (labels), null where a row has none. Encodings: PLAIN,
// indices into a dictionary, and differences (delta-encoding.ts); what writers of images use. Every length is checked against the page before
// it is believed.
import type { FileHandle } from "node:fs/promises";
import { FormatError } from "../../../base/errors.ts";
import { decodeDeltaBytes, decodeDeltaLengths, decodeDeltas } from "../../delta-encoding.ts";
import { decodeRleHybrid } from "../../rle-hybrid.ts";
import { decompress } from "./decompress.ts";
import { largestPageBytes, type Page } from "./pages.ts";
import type { LeafColumn } from "./parquet-file.ts";

/** Values of a column as it stores them. */
export type Values = readonly (Uint8Array | number)[];

const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

const plainBytes = (bytes: Uint8Array, count: number): readonly Uint8Array[] => {
  const view = viewOf(bytes);
  const values: Uint8Array[] = [];
  for (let at = 0; values.length < count; ) {
    const length = view.getUint32(at, true);
    if (at + 4 + length > bytes.length) throw new RangeError(`a value of ${length} bytes ends beyond the page`);
    values.push(bytes.subarray(at + 4, at + 4 + length));
    at += 4 + length;
  }
  return values;
};

const plainNumbers =
  (size: number, read: (view: DataView, at: number) => number) =>
  (bytes: Uint8Array, count: number): readonly number[] => {
    const view = viewOf(bytes);
    return Array.from({ length: count }, (_, i) => read(view, size * i));
  };

/** PLAIN, by the column's type. */
const plain: ReadonlyMap<string, (bytes: Uint8Array, count: number) => Values> = new Map<
  string,
  (bytes: Uint8Array, count: number) => Values
>([
  ["BYTE_ARRAY", plainBytes],
  ["INT32", plainNumbers(4, (view, at) => view.getInt32(at, true))],
  ["INT64", plainNumbers(8, (view, at) => Number(view.getBigInt64(at, true)))],
]);

/** Whether values of this type can be read. */
export const isReadable = (type: string): boolean => plain.has(type);

const decodePlain = (type: string, bytes: Uint8Array, count: number): Values => {
  const decode = plain.get(type);
  if (decode === undefined) throw new RangeError(`values of the type ${type} are not read`);
  return decode(bytes, count);
};

const bitsFor = (largest: number): number => 32 - Math.clz32(largest);

/** Which rows have a value (all where null), and where the values begin. */
const readLevels = (
  bytes: Uint8Array,
  { kind, values, levelBytes }: Page,
  { optionalLevels }: LeafColumn,
): { readonly levels: Int32Array | null; readonly from: number } => {
  if (optionalLevels === 0) return { levels: null, from: kind === "data" ? 0 : levelBytes };
  const width = bitsFor(optionalLevels);
  if (kind === "data v2")
    return { levels: decodeRleHybrid(bytes.subarray(0, levelBytes), width, values), from: levelBytes };
  const length = viewOf(bytes).getUint32(0, true);
  if (4 + length > bytes.length) throw new RangeError("its levels end beyond the page");
  return { levels: decodeRleHybrid(bytes.subarray(4, 4 + length), width, values), from: 4 + length };
};

const contentsOf = async (stored: Uint8Array, page: Page, codec: string): Promise<Uint8Array> => {
  if (page.kind !== "data v2") return decompress(codec, stored, page.bytes);
  // Levels lie before the values and are never compressed.
  const levels = stored.subarray(0, page.levelBytes);
  const rest = stored.subarray(page.levelBytes);
  const bytes = page.bytes - page.levelBytes;
  if (bytes < 0) throw new RangeError("its levels are longer than the page");
  const isCompressed = page.isCompressed && rest.length > 0;
  return Buffer.concat([levels, await decompress(isCompressed ? codec : "UNCOMPRESSED", rest, bytes)]);
};

const indexed = (bytes: Uint8Array, count: number, dictionary: Values | null): Values => {
  if (dictionary === null) throw new RangeError("it needs a dictionary but there is none");
  const indices = decodeRleHybrid(bytes.subarray(1), bytes[0] ?? 0, count);
  if (indices.some((index) => !(index >= 0 && index < dictionary.length))) {
    throw new RangeError(`it names a value beyond the ${dictionary.length} of its dictionary`);
  }
  return Array.from(indices, (index) => dictionary[index]!);
};

type Decode = (bytes: Uint8Array, count: number, type: string, dictionary: Values | null) => Values;

const ofBytes =
  (decode: (bytes: Uint8Array, count: number) => Values, encoding: string): Decode =>
  (bytes, count, type) => {
    if (type !== "BYTE_ARRAY") throw new RangeError(`its encoding ${encoding} is of bytes, but its type is ${type}`);
    return decode(bytes, count);
  };

const decoders: ReadonlyMap<string, Decode> = new Map<string, Decode>([
  ["PLAIN", (bytes, count, type) => decodePlain(type, bytes, count)],
  ["RLE_DICTIONARY", (bytes, count, _, dictionary) => indexed(bytes, count, dictionary)],
  ["PLAIN_DICTIONARY", (bytes, count, _, dictionary) => indexed(bytes, count, dictionary)],
  [
    "DELTA_BINARY_PACKED",
    (bytes, count, type) => {
      if (type !== "INT32" && type !== "INT64")
        throw new RangeError(`differences are of numbers, but its type is ${type}`);
      return [...decodeDeltas(bytes, count, type === "INT32" ? 32 : 64).values];
    },
  ],
  ["DELTA_LENGTH_BYTE_ARRAY", ofBytes(decodeDeltaLengths, "DELTA_LENGTH_BYTE_ARRAY")],
  ["DELTA_BYTE_ARRAY", ofBytes((bytes, count) => decodeDeltaBytes(bytes, count, largestPageBytes), "DELTA_BYTE_ARRAY")],
]);

const valuesOf = (
  bytes: Uint8Array,
  { encoding }: Page,
  { type }: LeafColumn,
  dictionary: Values | null,
  count: number,
): Values => {
  if (count === 0) return [];
  const decode = decoders.get(encoding);
  if (decode === undefined) {
    throw new RangeError(`its encoding ${encoding} is not read; ${[...decoders.keys()].join(", ")} are`);
  }
  return decode(bytes, count, type, dictionary);
};

/** What one page holds, by row; null where a row has no value. A dictionary has no missing values. */
export type PageValues = readonly (Uint8Array | number | null)[];

/** Reads and decodes one page. `name` is what errors call the file. Throws FormatError, and what reading throws. */
export const readPage = async (
  file: FileHandle,
  name: string,
  page: Page,
  column: LeafColumn,
  codec: string,
  dictionary: Values | null,
): Promise<PageValues> => {
  const stored = new Uint8Array(page.storedBytes);
  const { bytesRead } = await file.read(stored, 0, stored.length, page.offset);
  try {
    if (bytesRead < stored.length) throw new RangeError("it is cut off");
    const bytes = await contentsOf(stored, page, codec);
    if (page.kind === "dictionary") return decodePlain(column.type, bytes, page.values);
    const { levels, from } = readLevels(bytes, page, column);
    const present = levels === null ? page.values : levels.filter((level) => level === column.optionalLevels).length;
    const values = valuesOf(bytes.subarray(from), page, column, dictionary, present);
    if (levels === null) return values;
    let next = 0;
    return Array.from(levels, (level) => (level === column.optionalLevels ? (values[next++] ?? null) : null));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new FormatError(name, `a page of column ${column.path.join(".")} can't be read: ${reason}`, page.offset);
  }
};
