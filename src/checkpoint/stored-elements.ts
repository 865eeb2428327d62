// The elements of a tensor as files store them: little-endian, of more types than the product computes with. Every container's reader
// ends here, and every element becomes f32, f64, i32 or i8.
import { bf16BitsToF32Bits, f32BitsToBf16Bits } from "../base/bf16.ts";
import { arrayView, type DType, dtypeBytes, type TypedArray } from "../base/dtype.ts";
import { UsageError } from "../base/errors.ts";
import { f16BitsToF32Bits, f32BitsToF16Bits } from "../base/f16.ts";
import type { Shape } from "../base/shape.ts";
import { type HostTensor, tensor } from "../base/tensor.ts";

/** Bytes of one element, and what it is read as. f16 and bf16 become f32 exactly; i64 becomes i32 where its value fits. */
export const storedTypes = {
  f16: { bytes: 2, readAs: "f32" },
  bf16: { bytes: 2, readAs: "f32" },
  f32: { bytes: 4, readAs: "f32" },
  f64: { bytes: 8, readAs: "f64" },
  bool: { bytes: 1, readAs: "i32" },
  u8: { bytes: 1, readAs: "i32" },
  i8: { bytes: 1, readAs: "i8" },
  i16: { bytes: 2, readAs: "i32" },
  i32: { bytes: 4, readAs: "i32" },
  i64: { bytes: 8, readAs: "i32" },
} as const satisfies Readonly<Record<string, { readonly bytes: 1 | 2 | 4 | 8; readonly readAs: DType }>>;
export type StoredType = keyof typeof storedTypes;

/** Types in which f32 tensors can be written. */
export type StoredFloat = "f32" | "f16" | "bf16";

/** The same bytes at an address that an array of such elements can start at: a view where possible, else a copy. */
const aligned = (bytes: Uint8Array, elementBytes: number): Uint8Array =>
  // `new Uint8Array(view)` always copies; Buffer's slice would not.
  bytes.byteOffset % elementBytes === 0 ? bytes : new Uint8Array(bytes);

const viewOrCopy = <D extends DType>(dtype: D, bytes: Uint8Array) => {
  const { buffer, byteOffset, length } = aligned(bytes, dtypeBytes[dtype]);
  return arrayView(dtype, buffer, byteOffset, length / dtypeBytes[dtype]);
};

const widened = (bytes: Uint8Array, toF32Bits: (bits: number) => number): Float32Array => {
  const { buffer, byteOffset, length } = aligned(bytes, 2);
  const halves = new Uint16Array(buffer, byteOffset, length / 2);
  const words = new Uint32Array(halves.length);
  for (let i = 0; i < halves.length; i++) words[i] = toF32Bits(halves[i]!);
  return new Float32Array(words.buffer);
};

const narrowed = (bytes: Uint8Array, tooLarge: (index: number, value: bigint) => never): Int32Array => {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const result = new Int32Array(bytes.length / 8);
  for (let i = 0; i < result.length; i++) {
    const low = view.getInt32(8 * i, true);
    if (view.getInt32(8 * i + 4, true) !== low >> 31) tooLarge(i, view.getBigInt64(8 * i, true));
    result[i] = low;
  }
  return result;
};

const sixteenBit = (bytes: Uint8Array): Int32Array => {
  const { buffer, byteOffset, length } = aligned(bytes, 2);
  return Int32Array.from(new Int16Array(buffer, byteOffset, length / 2));
};

type Reader<D extends DType> = (
  bytes: Uint8Array,
  tooLarge: (index: number, value: bigint) => never,
) => HostTensorData<D>;
type HostTensorData<D extends DType> = HostTensor<D>["data"];

const readers: { readonly [S in StoredType]: Reader<(typeof storedTypes)[S]["readAs"]> } = {
  f16: (bytes) => widened(bytes, f16BitsToF32Bits),
  bf16: (bytes) => widened(bytes, bf16BitsToF32Bits),
  f32: (bytes) => viewOrCopy("f32", bytes),
  f64: (bytes) => viewOrCopy("f64", bytes),
  bool: (bytes) => Int32Array.from(bytes),
  u8: (bytes) => Int32Array.from(bytes),
  i8: (bytes) => viewOrCopy("i8", bytes),
  i16: sixteenBit,
  i32: (bytes) => viewOrCopy("i32", bytes),
  i64: narrowed,
};

/**
 * A tensor from its stored elements, which must be as many as the shape says: a view of `bytes` where type and address allow it,
 * a copy where not. `tooLarge` refuses an i64 that doesn't fit i32.
 */
export const readElements = (
  stored: StoredType,
  shape: Shape,
  bytes: Uint8Array,
  tooLarge: (index: number, value: bigint) => never,
): HostTensor => tensor(storedTypes[stored].readAs, shape, readers[stored](bytes, tooLarge));

/** Bytes of the tensor that `readElements` gives for so many elements. */
export const readBytes = (stored: StoredType, elements: number): number =>
  elements * dtypeBytes[storedTypes[stored].readAs];

/** How a tensor's elements are stored: as they are, but f32 as `floats` says. */
export const storedTypeOf = (dtype: DType, floats: StoredFloat): StoredType => (dtype === "f32" ? floats : dtype);

const shortened = (
  data: TypedArray,
  toBits: (bits: number) => number,
  overflow: (value: number) => never,
): Uint8Array => {
  const words = new Uint32Array(data.buffer, data.byteOffset, data.length);
  const halves = new Uint16Array(data.length);
  const infinity = toBits(0x7f800000);
  for (let i = 0; i < halves.length; i++) {
    const half = toBits(words[i]!);
    if ((half & 0x7fff) === infinity && Number.isFinite(data[i]!)) overflow(data[i]!);
    halves[i] = half;
  }
  return new Uint8Array(halves.buffer);
};

/**
 * The bytes to write: the tensor's own memory, or f32 rounded to nearest, ties to even, in memory of its own. `overflow` refuses a
 * finite number that would become infinite.
 */
export const writeElements = (
  { dtype, data }: HostTensor,
  floats: StoredFloat,
  overflow: (value: number) => never,
): Uint8Array => {
  if (dtype === "f32" && floats === "f16") return shortened(data, f32BitsToF16Bits, overflow);
  if (dtype === "f32" && floats === "bf16") return shortened(data, f32BitsToBf16Bits, overflow);
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
};

/** Refuses a number of the tensor `name` that `floats` can't hold. */
export const overflowRefusal =
  (name: string, floats: StoredFloat) =>
  (value: number): never => {
    const problem = `tensor ${JSON.stringify(name)} holds ${value}, which is beyond the numbers of ${floats}`;
    throw new UsageError(`${problem}; store it as ${floats === "f16" ? "bf16 or f32" : "f32"}`);
  };
