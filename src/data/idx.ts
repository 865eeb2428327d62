// The IDX format of MNIST and its relatives (LeCun, "The MNIST database", section FILE FORMATS): bytes in, one array out.
//   0 0 type rank | size₀ … (unsigned 32-bit, big-endian) | elements, big-endian, row-major
// Knows nothing of files or gzip; `file` only names the bytes in errors. Every size is checked before anything is allocated.
import { FormatError } from "../base/errors.ts";
import { formatShape, type Shape } from "../base/shape.ts";

/** The array that holds the elements of each type of the format. */
interface IdxArrays {
  u8: Uint8Array;
  i8: Int8Array;
  i16: Int16Array;
  i32: Int32Array;
  f32: Float32Array;
  f64: Float64Array;
}
export type IdxType = keyof IdxArrays;

/** Elements in row-major order. `data` of a u8 file is a view of the file's bytes; other types are copies in native order. */
export interface IdxTensor<T extends IdxType = IdxType> {
  readonly type: T;
  readonly shape: Shape;
  readonly data: IdxArrays[T];
}

/** The third byte of a file. */
const typeOfCode: ReadonlyMap<number, IdxType> = new Map([
  [0x08, "u8"],
  [0x09, "i8"],
  [0x0b, "i16"],
  [0x0c, "i32"],
  [0x0d, "f32"],
  [0x0e, "f64"],
]);

const elementTypes: {
  readonly [T in IdxType]: { bytes: number; decode: (view: DataView, length: number) => IdxArrays[T] };
} = {
  u8: { bytes: 1, decode: (view, n) => new Uint8Array(view.buffer, view.byteOffset, n) },
  i8: { bytes: 1, decode: (view, n) => new Int8Array(view.buffer, view.byteOffset, n) },
  i16: { bytes: 2, decode: (view, n) => Int16Array.from({ length: n }, (_, i) => view.getInt16(2 * i)) },
  i32: { bytes: 4, decode: (view, n) => Int32Array.from({ length: n }, (_, i) => view.getInt32(4 * i)) },
  f32: { bytes: 4, decode: (view, n) => Float32Array.from({ length: n }, (_, i) => view.getFloat32(4 * i)) },
  f64: { bytes: 8, decode: (view, n) => Float64Array.from({ length: n }, (_, i) => view.getFloat64(8 * i)) },
};

/** What the first bytes of a file announce; sizes in bytes. The elements themselves need not be there. */
export interface IdxHeader {
  readonly type: IdxType;
  readonly shape: Shape;
  readonly headerBytes: number;
  /** Header and elements: exactly this many bytes a whole file has. May exceed any memory. */
  readonly fileBytes: number;
}

const hexadecimal = (byte: number): string => `0x${byte.toString(16).padStart(2, "0")}`;

/** Reads magic number, element type and sizes. Throws FormatError with the offset of the byte that is wrong. */
export const readIdxHeader = (file: string, bytes: Uint8Array): IdxHeader => {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 4) {
    throw new FormatError(file, `an IDX file starts with 4 bytes but this one holds ${bytes.length}`, bytes.length);
  }
  const zero = view.getUint16(0);
  if (zero !== 0) {
    throw new FormatError(
      file,
      `an IDX file starts with two zero bytes but this one with ${hexadecimal(bytes[0]!)} ${hexadecimal(bytes[1]!)}; is it one?`,
      bytes[0] !== 0 ? 0 : 1,
    );
  }
  const type = typeOfCode.get(bytes[2]!);
  if (type === undefined) {
    const known = [...typeOfCode.keys()].map(hexadecimal).join(", ");
    throw new FormatError(file, `unknown IDX element type ${hexadecimal(bytes[2]!)}; known are ${known}`, 2);
  }
  const rank = bytes[3]!;
  if (rank === 0) throw new FormatError(file, "an IDX file has at least one dimension but this one has 0", 3);
  const headerBytes = 4 + 4 * rank;
  if (bytes.length < headerBytes) {
    throw new FormatError(
      file,
      `the header of ${rank} dimensions takes ${headerBytes} bytes but the file ends after ${bytes.length}; it is truncated`,
      bytes.length,
    );
  }
  const shape = Array.from({ length: rank }, (_, axis) => view.getUint32(4 + 4 * axis));
  // A zero size makes an empty tensor; without this test a product of large sizes and zero could be Infinity · 0.
  const elements = shape.includes(0) ? 0 : shape.reduce((product, size) => product * size, 1);
  return { type, shape, headerBytes, fileBytes: headerBytes + elements * elementTypes[type].bytes };
};

/** Makes sure that the file ends where its header says, and returns the bytes after the header. */
const wholeBody = (file: string, bytes: Uint8Array, { type, shape, headerBytes, fileBytes }: IdxHeader): DataView => {
  if (bytes.length !== fileBytes) {
    const problem = bytes.length < fileBytes ? "it is truncated" : "it is longer than its header says";
    throw new FormatError(
      file,
      `${type} ${formatShape(shape)} takes ${fileBytes} bytes but the file holds ${bytes.length}; ${problem}`,
      Math.min(bytes.length, fileBytes),
    );
  }
  return new DataView(bytes.buffer, bytes.byteOffset + headerBytes, fileBytes - headerBytes);
};

const decode = <T extends IdxType>(type: T, shape: Shape, body: DataView): IdxTensor<T> => {
  const row = elementTypes[type];
  return { type, shape, data: row.decode(body, body.byteLength / row.bytes) };
};

/** Reads a whole file. Throws FormatError when it is truncated, longer than its header says, or not IDX. */
export const readIdx = (file: string, bytes: Uint8Array): IdxTensor => {
  const header = readIdxHeader(file, bytes);
  return decode(header.type, header.shape, wholeBody(file, bytes, header));
};

/** Reads a file that must hold unsigned bytes of this rank, as pixels and labels do. */
export const readIdxBytes = (file: string, bytes: Uint8Array, rank: number): IdxTensor<"u8"> => {
  const header = readIdxHeader(file, bytes);
  const { type, shape } = header;
  if (type !== "u8") throw new FormatError(file, `should hold unsigned bytes (u8, 0x08) but holds ${type}`, 2);
  if (shape.length !== rank) {
    throw new FormatError(file, `should have ${rank} dimensions but has ${shape.length}: ${formatShape(shape)}`, 3);
  }
  return decode(type, shape, wholeBody(file, bytes, header));
};
