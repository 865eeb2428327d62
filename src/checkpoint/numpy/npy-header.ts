// The header of a .npy array: magic, version, length, and a Python dict as text: {'descr': '<f4', 'fortran_order': False, 'shape': (3,), }.
// Format: numpy/lib/format.py of numpy 1.24.
import { FormatError, invariant } from "../../base/errors.ts";
import { elementCount, formatShape, type Shape } from "../../base/shape.ts";
import { type StoredType, storedTypes } from "../stored-elements.ts";

export interface NpyHeader {
  readonly type: StoredType;
  readonly isBigEndian: boolean;
  /** Whether the first axis varies fastest. */
  readonly isFortranOrder: boolean;
  readonly shape: Shape;
  /** Where the elements start. */
  readonly dataStart: number;
}

const magic = [0x93, ...new TextEncoder().encode("NUMPY")];
export const startsAsNpy = (start: Uint8Array): boolean => magic.every((byte, i) => start[i] === byte);

/** numpy's own limit for headers that it doesn't trust. */
const maxHeaderBytes = 10_000;
const maxRank = 64;

/** numpy's letters: kind and bytes. */
const typeCodes: ReadonlyMap<string, StoredType> = new Map<string, StoredType>([
  ["f2", "f16"],
  ["f4", "f32"],
  ["f8", "f64"],
  ["b1", "bool"],
  ["u1", "u8"],
  ["i1", "i8"],
  ["i2", "i16"],
  ["i4", "i32"],
  ["i8", "i64"],
]);

const members = {
  descr: /^'descr':\s*('[^']*'|"[^"]*"|\[.*?\](?=,\s*'|,?\s*\}$))/,
  fortran_order: /^'fortran_order':\s*(True|False)/,
  shape: /^'shape':\s*\(([0-9,\sL]*)\)/, // Python 2 wrote 3L
} as const;

/** Reads the header of a whole .npy file; `fileOffset` is where in `file` it starts. Throws FormatError, also when elements are missing. */
export const readNpyHeader = (bytes: Uint8Array, file: string, name: string, fileOffset: number): NpyHeader => {
  const fail = (problem: string): never => {
    throw new FormatError(file, `array ${JSON.stringify(name)} ${problem}`, fileOffset);
  };
  if (!startsAsNpy(bytes) || bytes.length < 12) fail("doesn't start as a .npy file does");
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const version = view.getUint8(6);
  if (version < 1 || version > 3) fail(`has version ${version} of the .npy format; 1 to 3 are known`);
  const [textStart, textBytes] = version === 1 ? [10, view.getUint16(8, true)] : [12, view.getUint32(8, true)];
  if (textBytes > maxHeaderBytes || textStart + textBytes > bytes.length) fail(`has a header of ${textBytes} bytes`);
  const text = new TextDecoder(version === 3 ? "utf-8" : "latin1").decode(
    bytes.subarray(textStart, textStart + textBytes),
  );

  const found = parseMembers(text);
  if (found === null)
    return fail(`has the header ${JSON.stringify(text.trim()).slice(0, 120)}, which isn't understood`);
  const { descr, shape } = found;
  const [, order = "", code = ""] = /^'([<>|=])([a-z]\d+)'$/.exec(descr) ?? [];
  const type = typeCodes.get(code);
  if (type === undefined || (order === "|" && storedTypes[type].bytes > 1)) {
    return fail(`has the type ${descr.slice(0, 60)}; what can be read is ${[...typeCodes.keys()].join(", ")}`);
  }
  const count = shape.includes(0) ? 0 : elementCount(shape);
  const [expected, given] = [count * storedTypes[type].bytes, bytes.length - textStart - textBytes];
  if (shape.length > maxRank || expected !== given) {
    fail(`${formatShape(shape.slice(0, maxRank))} of ${descr} takes ${expected} bytes but has ${given}`);
  }
  const isBigEndian = order === ">";
  return { type, isBigEndian, isFortranOrder: found.fortran_order === "True", shape, dataStart: textStart + textBytes };
};

/** The three members in any order, and nothing else; null where it is otherwise. */
const parseMembers = (text: string): { descr: string; fortran_order: string; shape: Shape } | null => {
  let rest = text.trim();
  if (!rest.startsWith("{") || !rest.endsWith("}")) return null;
  rest = rest.slice(1).trimStart();
  const found = new Map<string, string>();
  while (rest !== "}") {
    const before = found.size;
    for (const [key, pattern] of Object.entries(members)) {
      const match = pattern.exec(rest);
      if (match === null || found.has(key)) continue;
      found.set(key, match[1] ?? "");
      rest = rest.slice(match[0].length).trimStart();
      if (rest.startsWith(",")) rest = rest.slice(1).trimStart();
      else if (rest !== "}") return null;
      break;
    }
    if (found.size === before) return null;
  }
  const [descr, order, sizes] = [found.get("descr"), found.get("fortran_order"), found.get("shape")];
  if (descr === undefined || order === undefined || sizes === undefined) return null;
  const shape: number[] = [];
  const parts = sizes.split(",").map((part) => part.trim());
  if (parts.at(-1) === "") parts.pop();
  else if (parts.length === 1) return null; // (3) is a number in Python
  for (const part of parts) {
    const size = /^\d{1,16}L?$/.test(part) ? Number.parseInt(part, 10) : Number.NaN;
    if (!Number.isSafeInteger(size)) return null;
    shape.push(size);
  }
  return { descr: descr.replaceAll('"', "'"), fortran_order: order, shape };
};

/** A version 1 header, padded so that the elements start at a multiple of 64 bytes; shape and type decide it. */
export const npyHeader = (type: StoredType, shape: Shape): Uint8Array => {
  const found = [...typeCodes].find(([, known]) => known === type);
  invariant(found !== undefined, `numpy has no ${type}`);
  const [code] = found;
  const sizes = shape.length === 1 ? `${shape[0]},` : shape.join(", ");
  const text = `{'descr': '<${code}', 'fortran_order': False, 'shape': (${sizes}), }`;
  const bytes = new Uint8Array(Math.ceil((10 + text.length + 1) / 64) * 64).fill(0x20);
  bytes.set([...magic, 1, 0]);
  new DataView(bytes.buffer).setUint16(8, bytes.length - 10, true);
  bytes.set(new TextEncoder().encode(text), 10);
  bytes[bytes.length - 1] = 0x0a;
  return bytes;
};
