// Safetensors, bytes <-> named tensors and string metadata. Containers only: what the names mean is others' business.
// The format is little-endian, as is every machine that Node and browsers run our engines on. Files: node/tensors-file.ts.
import { arrayView, type DType, dtypeBytes, type TypedArray } from "../base/dtype.ts";
import { FormatError, UsageError } from "../base/errors.ts";
import { type HostTensor, type NamedTensors, tensor } from "../base/tensor.ts";
import {
  headerLength,
  lengthBytes,
  parseHeader,
  type SafetensorsHeader,
  type StoredDType,
  type StoredTensor,
} from "./safetensors-header.ts";

/** Tensors by name, and free text by key. */
export interface TensorContainer {
  readonly tensors: NamedTensors;
  readonly metadata: Readonly<Record<string, string>>;
}

/**
 * Reads a whole safetensors file. Tensors are views of `bytes` where their address allows it, copies where not.
 * F32, F64 and I32 are read as they are; I64 (PyTorch's num_batches_tracked) becomes i32, and a value that doesn't
 * fit is refused. Other dtypes are refused by name. `file` is what errors call the bytes. Throws FormatError.
 */
export const readTensors = (bytes: Uint8Array, file: string): TensorContainer => {
  const dataStart = lengthBytes + headerLength(bytes, bytes.length, file);
  const header = parseHeader(bytes.subarray(lengthBytes, dataStart), bytes.length - dataStart, file);
  return takeTensors(header, bytes.subarray(dataStart), dataStart, file);
};

/** The tensors of a checked header; `data` are the bytes after it, which start `dataStart` bytes into the file. */
export const takeTensors = (
  header: SafetensorsHeader,
  data: Uint8Array,
  dataStart: number,
  file: string,
): TensorContainer => {
  const tensors = new Map<string, HostTensor>();
  for (const stored of header.tensors) tensors.set(stored.name, takeTensor(stored, data, dataStart, file));
  return { tensors, metadata: header.metadata };
};

const takeTensor = (stored: StoredTensor, data: Uint8Array, dataStart: number, file: string): HostTensor => {
  const bytes = data.subarray(stored.begin, stored.end);
  switch (stored.dtype) {
    case "F32":
      return tensor("f32", stored.shape, viewOrCopy("f32", bytes));
    case "F64":
      return tensor("f64", stored.shape, viewOrCopy("f64", bytes));
    case "I32":
      return tensor("i32", stored.shape, viewOrCopy("i32", bytes));
    case "I64":
      return tensor("i32", stored.shape, narrow(stored, bytes, dataStart, file));
    default:
      return stored.dtype satisfies never;
  }
};

const viewOrCopy = <D extends DType>(dtype: D, bytes: Uint8Array) => {
  // `new Uint8Array(view)` always copies; Buffer's slice would not.
  const aligned = bytes.byteOffset % dtypeBytes[dtype] === 0 ? bytes : new Uint8Array(bytes);
  return arrayView(dtype, aligned.buffer, aligned.byteOffset, bytes.length / dtypeBytes[dtype]);
};

const narrow = (stored: StoredTensor, bytes: Uint8Array, dataStart: number, file: string): Int32Array => {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const result = new Int32Array(bytes.length / 8);
  for (let i = 0; i < result.length; i++) {
    const low = view.getInt32(8 * i, true);
    if (view.getInt32(8 * i + 4, true) !== low >> 31) {
      const problem = `tensor ${JSON.stringify(stored.name)} holds ${view.getBigInt64(8 * i, true)}, more than 32 bits`;
      throw new FormatError(file, problem, dataStart + stored.begin + 8 * i);
    }
    result[i] = low;
  }
  return result;
};

const storedDTypes: { readonly [D in DType]: StoredDType } = { f32: "F32", f64: "F64", i32: "I32" };

const bytesOf = (data: TypedArray): Uint8Array => new Uint8Array(data.buffer, data.byteOffset, data.byteLength);

/**
 * A safetensors file in pieces that are to be written one after another: the header, then each tensor's own memory,
 * so that nothing large is copied. The same tensors in the same order give the same bytes. The header keeps the map's
 * order; the data are laid out with the larger elements first, so that each tensor is aligned (the header is padded
 * with spaces to a multiple of 8 bytes). Throws UsageError for a name that the format can't hold.
 */
export const tensorParts = ({ tensors, metadata }: TensorContainer): readonly Uint8Array[] => {
  const layout = [...tensors].toSorted(([, a], [, b]) => dtypeBytes[b.dtype] - dtypeBytes[a.dtype]);
  const offsets = new Map<string, readonly [begin: number, end: number]>();
  let next = 0;
  for (const [name, { data }] of layout) {
    offsets.set(name, [next, next + data.byteLength]);
    next += data.byteLength;
  }
  // Built by hand, for an object would move names such as "0" to the front.
  const members = Object.keys(metadata).length > 0 ? [`"__metadata__":${JSON.stringify(metadata)}`] : [];
  for (const [name, { dtype, shape }] of tensors) {
    if (name === "__metadata__" || /\p{Surrogate}/u.test(name)) {
      throw new UsageError(`a safetensors file can't hold a tensor named ${JSON.stringify(name)}; rename it`);
    }
    const entry = { dtype: storedDTypes[dtype], shape, data_offsets: offsets.get(name) };
    members.push(`${JSON.stringify(name)}:${JSON.stringify(entry)}`);
  }
  const json = new TextEncoder().encode(`{${members.join(",")}}`);
  const paddedLength = Math.ceil(json.length / 8) * 8;
  const header = new Uint8Array(lengthBytes + paddedLength).fill(0x20);
  new DataView(header.buffer).setBigUint64(0, BigInt(paddedLength), true);
  header.set(json, lengthBytes);
  return [header, ...layout.map(([, { data }]) => bytesOf(data))];
};

/** A safetensors file in one piece of memory; see `tensorParts`. */
export const encodeTensors = (container: TensorContainer): Uint8Array => {
  const parts = tensorParts(container);
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    bytes.set(part, offset);
    offset += part.length;
  }
  return bytes;
};
