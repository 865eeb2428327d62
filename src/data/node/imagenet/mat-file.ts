// As much of MATLAB's files of version 5 ("MAT-File Format", MathWorks) as ImageNet's meta.mat takes: one array of structures whose fields are
// texts and numbers. Elements are  type size data , padded to 8 bytes, some compressed with zlib. Every size is checked before it is used.
import { inflateSync } from "node:zlib";
import { FormatError } from "../../../base/errors.ts";

/** A structure: its fields by name. What is neither text nor numbers is null. */
export type MatStructure = ReadonlyMap<string, string | readonly number[] | null>;

/** meta.mat has 200 kB when decompressed. */
const largestInflatedBytes = 2 ** 26;

/** Types of elements. */
const [matrixType, compressedType] = [14, 15];
/** Classes of arrays. */
const [structureClass, textClass] = [2, 4];

interface Element {
  readonly type: number;
  readonly data: DataView;
}

const partOf = (view: DataView, from: number, length: number): DataView => {
  if (from + length > view.byteLength) throw new RangeError("an element is longer than what it lies in");
  return new DataView(view.buffer, view.byteOffset + from, length);
};

/** The elements in a run of bytes. */
function* elementsOf(view: DataView): Generator<Element> {
  for (let at = 0; at + 8 <= view.byteLength; ) {
    const [first, size] = [view.getUint32(at, true), view.getUint32(at + 4, true)];
    if (first >>> 16 !== 0) {
      // Up to four bytes of data lie in the tag.
      if (first >>> 16 > 4) throw new RangeError("a small element holds more than four bytes");
      yield { type: first & 0xffff, data: partOf(view, at + 4, first >>> 16) };
      at += 8;
      continue;
    }
    yield { type: first, data: partOf(view, at + 8, size) };
    at += 8 + (first === compressedType ? size : Math.ceil(size / 8) * 8);
  }
}

const numberReaders: ReadonlyMap<number, readonly [bytes: number, read: (view: DataView, at: number) => number]> =
  new Map<number, readonly [number, (view: DataView, at: number) => number]>([
    [1, [1, (view, at) => view.getInt8(at)]],
    [2, [1, (view, at) => view.getUint8(at)]],
    [3, [2, (view, at) => view.getInt16(at, true)]],
    [4, [2, (view, at) => view.getUint16(at, true)]],
    [5, [4, (view, at) => view.getInt32(at, true)]],
    [6, [4, (view, at) => view.getUint32(at, true)]],
    [7, [4, (view, at) => view.getFloat32(at, true)]],
    [9, [8, (view, at) => view.getFloat64(at, true)]],
    [16, [1, (view, at) => view.getUint8(at)]], // UTF-8: what is read here is ASCII
    [17, [2, (view, at) => view.getUint16(at, true)]],
  ]);

const numbersOf = ({ type, data }: Element): readonly number[] => {
  const reader = numberReaders.get(type);
  if (reader === undefined) throw new RangeError(`it has data of the type ${type}`);
  const [bytes, read] = reader;
  return Array.from({ length: Math.floor(data.byteLength / bytes) }, (_, i) => read(data, bytes * i));
};

const textOf = (element: Element): string => String.fromCharCode(...numbersOf(element).slice(0, 10_000));

const arrayParts = (
  view: DataView,
): { readonly kind: number; readonly count: number; readonly rest: readonly Element[] } => {
  const [flags, dimensions, , ...rest] = elementsOf(view);
  if (flags === undefined || dimensions === undefined || flags.data.byteLength < 4) {
    throw new RangeError("an array has no size");
  }
  const count = numbersOf(dimensions).reduce((product, length) => product * length, 1);
  return { kind: flags.data.getUint8(0), count, rest };
};

const fieldValue = (element: Element): string | readonly number[] | null => {
  if (element.type !== matrixType || element.data.byteLength === 0) return null;
  const { kind, rest } = arrayParts(element.data);
  const [data] = rest;
  if (kind === textClass) return data === undefined ? "" : textOf(data);
  const isNumeric = kind >= 6 && kind <= 15;
  return isNumeric && data !== undefined ? numbersOf(data) : null;
};

const structuresOf = (view: DataView): readonly MatStructure[] | null => {
  const { kind, count, rest } = arrayParts(view);
  if (kind !== structureClass) return null;
  const [lengthOfName, names, ...values] = rest;
  const nameBytes = lengthOfName === undefined ? 0 : (numbersOf(lengthOfName)[0] ?? 0);
  if (names === undefined || !(nameBytes > 0)) throw new RangeError("its structures have no fields");
  const fields = Array.from({ length: Math.floor(names.data.byteLength / nameBytes) }, (_, i) => {
    const bytes = numbersOf({ type: 2, data: partOf(names.data, i * nameBytes, nameBytes) });
    return String.fromCharCode(...bytes.slice(0, bytes.indexOf(0) === -1 ? bytes.length : bytes.indexOf(0)));
  });
  if (values.length !== count * fields.length) {
    throw new RangeError(`${count} structures of ${fields.length} fields have ${values.length} values`);
  }
  return Array.from({ length: count }, (_, i) => {
    const own = values.slice(i * fields.length, (i + 1) * fields.length);
    return new Map(fields.map((field, k) => [field, fieldValue(own[k]!)]));
  });
};

/** The first array of structures in a file, which errors call `file`. Throws FormatError where there is none, or it is damaged. */
export const readMatStructures = (bytes: Uint8Array, file: string): readonly MatStructure[] => {
  const whole = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 128 || whole.getUint16(124, true) !== 0x0100 || whole.getUint16(126, true) !== 0x4d49) {
    throw new FormatError(file, "is no MATLAB file of version 5 (little-endian)", 124);
  }
  try {
    for (const element of elementsOf(partOf(whole, 128, bytes.length - 128))) {
      let found = element;
      if (element.type === compressedType) {
        const { buffer, byteOffset, byteLength } = element.data;
        const inflated = inflateSync(new Uint8Array(buffer, byteOffset, byteLength), {
          maxOutputLength: largestInflatedBytes,
        });
        const [first] = elementsOf(new DataView(inflated.buffer, inflated.byteOffset, inflated.byteLength));
        if (first === undefined) continue;
        found = first;
      }
      const structures = found.type === matrixType ? structuresOf(found.data) : null;
      if (structures !== null) return structures;
    }
  } catch (error) {
    throw new FormatError(file, `is damaged (${error instanceof Error ? error.message : String(error)})`);
  }
  throw new FormatError(file, "holds no array of structures");
};
