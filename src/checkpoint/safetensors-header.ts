// The header of a safetensors file: u64 length N (little-endian), N bytes of JSON, then the tensors' bytes, without gaps.
// Everything is checked here, against the file's length, before a single tensor byte is read or allocated.
// Format: https://github.com/huggingface/safetensors#format. Reading the tensors themselves: safetensors.ts.
import { FormatError } from "../base/errors.ts";
import { elementCount, formatShape, type Shape } from "../base/shape.ts";
import { type JsonMember, jsonMembers } from "./json-members.ts";
import { type StoredType, storedTypes } from "./stored-elements.ts";

/** The format's names of the types that are read. */
export const namedTypes = {
  F64: "f64",
  F32: "f32",
  F16: "f16",
  BF16: "bf16",
  I64: "i64",
  I32: "i32",
  I16: "i16",
  I8: "i8",
  U8: "u8",
  BOOL: "bool",
} as const satisfies Readonly<Record<string, StoredType>>;
export type StoredDType = keyof typeof namedTypes;

export interface StoredTensor {
  readonly name: string;
  readonly dtype: StoredDType;
  readonly shape: Shape;
  /** Bytes, counted from the end of the header. */
  readonly begin: number;
  readonly end: number;
}

export interface SafetensorsHeader {
  /** In the order of the header. */
  readonly tensors: readonly StoredTensor[];
  readonly metadata: Readonly<Record<string, string>>;
}

/** The length comes first, in so many bytes. */
export const lengthBytes = 8;
/** The reference implementation's limit; the longest header we know of has a few MB. */
export const maxHeaderBytes = 100_000_000;

/** More axes than any framework has; it keeps messages about shapes readable. */
const maxRank = 64;

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const isSize = (value: unknown): value is number => Number.isSafeInteger(value) && Number(value) >= 0;
const isStoredDType = (value: unknown): value is StoredDType =>
  typeof value === "string" && Object.hasOwn(namedTypes, value);
/** Names come from the file: quoted, and cut where they would flood a terminal. */
const quote = (value: unknown): string => {
  const text = JSON.stringify(value) ?? "undefined";
  return text.length > 120 ? `${text.slice(0, 117)}…` : text;
};

/**
 * The header's length in bytes, from the first eight bytes of a file of `fileBytes` bytes.
 * Throws FormatError when it exceeds the file or 100 MB.
 */
export const headerLength = (start: Uint8Array, fileBytes: number, file: string): number => {
  if (fileBytes < lengthBytes || start.length < lengthBytes) {
    throw new FormatError(file, `${fileBytes} bytes are too few for a safetensors file, which starts with 8 bytes`, 0);
  }
  const length = Number(new DataView(start.buffer, start.byteOffset, lengthBytes).getBigUint64(0, true));
  if (length > maxHeaderBytes) {
    throw new FormatError(file, `the header should have ${length} bytes, more than the 100 MB that are allowed`, 0);
  }
  if (length > fileBytes - lengthBytes) {
    throw new FormatError(file, `the header should have ${length} bytes but the file ends after ${fileBytes}`, 0);
  }
  return length;
};

/**
 * Parses the JSON of a header and checks that the tensors fill the `dataBytes` bytes after it exactly: in bounds,
 * no overlap, no gap, each as long as its shape and dtype say. Throws FormatError with the tensor and the byte
 * where its entry stands.
 */
export const parseHeader = (json: Uint8Array, dataBytes: number, file: string): SafetensorsHeader => {
  const fail = (problem: string, byteOffset: number): never => {
    throw new FormatError(file, problem, byteOffset);
  };
  if (json[0] !== 0x7b) fail(`a safetensors header starts with "{"`, lengthBytes);
  let text = "";
  let parsed: unknown;
  try {
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(json);
    parsed = JSON.parse(text);
  } catch {
    fail("the header is not valid JSON in UTF-8", lengthBytes);
  }
  if (!isObject(parsed)) return fail("the header is not a JSON object", lengthBytes);
  const byteOffset = ({ index }: JsonMember): number =>
    lengthBytes + new TextEncoder().encode(text.slice(0, index)).length;

  const { outermost, duplicate } = jsonMembers(text);
  if (duplicate) fail(`the name ${quote(duplicate.name)} occurs twice in the header`, byteOffset(duplicate));

  let metadata: SafetensorsHeader["metadata"] = {};
  const entries: { readonly tensor: StoredTensor; readonly member: JsonMember }[] = [];
  for (const member of outermost) {
    const value = parsed[member.name];
    if (member.name === "__metadata__") metadata = parseMetadata(value, (problem) => fail(problem, byteOffset(member)));
    else {
      const refuse = (problem: string): never => fail(`tensor ${quote(member.name)} ${problem}`, byteOffset(member));
      entries.push({ tensor: parseTensor(member.name, value, refuse), member });
    }
  }

  let next = 0; // the first byte that no tensor has claimed so far
  const byPosition = entries.toSorted((a, b) => a.tensor.begin - b.tensor.begin || a.tensor.end - b.tensor.end);
  for (const { tensor, member } of byPosition) {
    if (tensor.begin !== next) {
      const what = tensor.begin < next ? "overlaps the one before it" : "leaves a gap after the one before it";
      const where = `it begins at byte ${tensor.begin} of the data, not ${next}`;
      fail(`tensor ${quote(tensor.name)} ${what}: ${where}`, byteOffset(member));
    }
    if (tensor.end > dataBytes) {
      const there = `ends at byte ${tensor.end} of the data, of which the file has ${dataBytes}; is it cut short?`;
      fail(`tensor ${quote(tensor.name)} ${there}`, byteOffset(member));
    }
    next = tensor.end;
  }
  if (next !== dataBytes) {
    fail(`${dataBytes - next} bytes after the last tensor belong to none`, lengthBytes + json.length + next);
  }
  return { tensors: entries.map(({ tensor }) => tensor), metadata };
};

const parseMetadata = (value: unknown, refuse: (problem: string) => never): Record<string, string> => {
  if (!isObject(value)) return refuse("__metadata__ should be an object");
  const entries = Object.entries(value).map(([key, text]): [string, string] =>
    typeof text === "string"
      ? [key, text]
      : refuse(`__metadata__ should hold strings but ${quote(key)} is ${quote(text)}`),
  );
  return Object.fromEntries(entries);
};

const parseTensor = (name: string, value: unknown, refuse: (problem: string) => never): StoredTensor => {
  if (!isObject(value)) return refuse(`should be described by an object but is ${quote(value)}`);
  const { dtype, shape, data_offsets: offsets } = value;
  if (!isStoredDType(dtype)) {
    return refuse(`has dtype ${quote(dtype)}; what can be read is ${Object.keys(namedTypes).join(", ")}`);
  }
  if (!Array.isArray(shape) || shape.length > maxRank || !shape.every(isSize)) {
    return refuse(`has shape ${quote(shape)}; a shape is at most ${maxRank} whole numbers`);
  }
  if (!Array.isArray(offsets) || offsets.length !== 2 || !offsets.every(isSize)) {
    return refuse(`has data_offsets ${quote(offsets)}; they are two whole numbers`);
  }
  const [begin, end] = [Number(offsets[0]), Number(offsets[1])];
  // A product beyond 2^53 is inexact, but far beyond every file: it can't equal the length by accident.
  const bytes = shape.includes(0) ? 0 : elementCount(shape) * storedTypes[namedTypes[dtype]].bytes;
  if (bytes !== end - begin) {
    return refuse(`${formatShape(shape)} of ${dtype} takes ${bytes} bytes but has ${end - begin}`);
  }
  return { name, dtype, shape, begin, end };
};
