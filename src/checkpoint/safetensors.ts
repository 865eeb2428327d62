// Safetensors, bytes <-> named tensors and string metadata. Containers only: what the names mean is others' business.
// The format is little-endian, as is every machine that Node and browsers run our engines on. Files: node/tensors-file.ts.
import { FormatError, UsageError } from "../base/errors.ts";
import type { HostTensor } from "../base/tensor.ts";
import {
  headerLength,
  lengthBytes,
  namedTypes,
  parseHeader,
  type SafetensorsHeader,
  type StoredDType,
  type StoredTensor,
} from "./safetensors-header.ts";
import {
  overflowRefusal,
  readElements,
  type StoredFloat,
  type StoredType,
  storedTypeOf,
  storedTypes,
  writeElements,
} from "./stored-elements.ts";
import type { TensorContainer } from "./tensor-container.ts";

export type { TensorContainer } from "./tensor-container.ts";

/**
 * Reads a whole safetensors file. Tensors are views of `bytes` where their address allows it, copies where not.
 * F32, F64, I32 and I8 are read as they are; F16 and BF16 become f32, exactly; other small integers and BOOL become i32, as does I64
 * (PyTorch's num_batches_tracked), of which a value that doesn't fit is refused. Other dtypes are refused by name. `file` is what errors call the bytes. Throws FormatError.
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
  const { name, dtype, shape, begin, end } = stored;
  return readElements(namedTypes[dtype], shape, data.subarray(begin, end), (index, value) => {
    const problem = `tensor ${JSON.stringify(name)} holds ${value}, more than 32 bits`;
    throw new FormatError(file, problem, dataStart + begin + 8 * index);
  });
};

const typeNames: { readonly [S in StoredType]?: StoredDType } = {
  f32: "F32",
  f16: "F16",
  bf16: "BF16",
  f64: "F64",
  i32: "I32",
  i8: "I8",
};

/**
 * A safetensors file in pieces that are to be written one after another: the header, then each tensor's own memory,
 * so that nothing large is copied. The same tensors in the same order give the same bytes. The header keeps the map's
 * order; the data are laid out with the larger elements first, so that each tensor is aligned (the header is padded
 * with spaces to a multiple of 8 bytes). `floats` is the type in which f32 tensors are stored (default f32): f16 and bf16 are rounded
 * to nearest, ties to even. Throws UsageError for a name that the format can't hold, and for a number beyond those of `floats`.
 */
export const tensorParts = (
  { tensors, metadata }: TensorContainer,
  floats: StoredFloat = "f32",
): readonly Uint8Array[] => {
  const elementBytes = ({ dtype }: HostTensor): number => storedTypes[storedTypeOf(dtype, floats)].bytes;
  const layout = [...tensors].toSorted(([, a], [, b]) => elementBytes(b) - elementBytes(a));
  const offsets = new Map<string, readonly [begin: number, end: number]>();
  let next = 0;
  for (const [name, stored] of layout) {
    const end = next + stored.data.length * elementBytes(stored);
    offsets.set(name, [next, end]);
    next = end;
  }
  // Built by hand, for an object would move names such as "0" to the front.
  const members = Object.keys(metadata).length > 0 ? [`"__metadata__":${JSON.stringify(metadata)}`] : [];
  for (const [name, { dtype, shape }] of tensors) {
    if (name === "__metadata__" || /\p{Surrogate}/u.test(name)) {
      throw new UsageError(`a safetensors file can't hold a tensor named ${JSON.stringify(name)}; rename it`);
    }
    const entry = { dtype: typeNames[storedTypeOf(dtype, floats)], shape, data_offsets: offsets.get(name) };
    members.push(`${JSON.stringify(name)}:${JSON.stringify(entry)}`);
  }
  const json = new TextEncoder().encode(`{${members.join(",")}}`);
  const paddedLength = Math.ceil(json.length / 8) * 8;
  const header = new Uint8Array(lengthBytes + paddedLength).fill(0x20);
  new DataView(header.buffer).setBigUint64(0, BigInt(paddedLength), true);
  header.set(json, lengthBytes);
  const bytesOf = ([name, stored]: readonly [string, HostTensor]): Uint8Array =>
    writeElements(stored, floats, overflowRefusal(name, floats));
  return [header, ...layout.map(bytesOf)];
};

/** A safetensors file in one piece of memory; see `tensorParts`. */
export const encodeTensors = (container: TensorContainer, floats: StoredFloat = "f32"): Uint8Array => {
  const parts = tensorParts(container, floats);
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    bytes.set(part, offset);
    offset += part.length;
  }
  return bytes;
};
