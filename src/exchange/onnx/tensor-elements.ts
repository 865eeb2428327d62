// The elements of an ONNX tensor, decoded once they are asked for: weights as f32, whole numbers (axes, amounts of padding) as numbers.
import { BinaryReader } from "@bufbuild/protobuf/wire";
import { FormatError } from "../../base/errors.ts";
import { elementCount, formatShape } from "../../base/shape.ts";
import { type HostTensor, tensor } from "../../base/tensor.ts";
import { readElements, type StoredType, storedTypes } from "../../checkpoint/stored-elements.ts";
import { quoted } from "./decode-model.ts";
import { type OnnxTensor, onnxTypes } from "./onnx-model.ts";

const storedTypeOf = (dataType: number): StoredType | undefined =>
  (["f32", "f16", "bf16", "f64", "i32", "i64"] as const).find((type) => onnxTypes[type] === dataType);

/** Fields whose bytes are the elements themselves, and for which types. */
const denseFields: Readonly<Record<string, readonly StoredType[]>> = {
  raw: ["f32", "f16", "bf16", "f64", "i32", "i64"],
  floats: ["f32"],
  doubles: ["f64"],
};
/** Fields of numbers of variable length. */
const varintFields: Readonly<Record<string, readonly StoredType[]>> = {
  int32s: ["f16", "bf16", "i32"],
  int64s: ["i64"],
};

/** The varints of a field as elements of so many bytes each; they are counted before memory is taken. */
const unpacked = (
  { data }: OnnxTensor,
  count: number,
  bytes: 2 | 4 | 8,
  fail: (problem: string) => never,
): Uint8Array => {
  const ends = data.reduce((sum, byte) => sum + (byte < 0x80 ? 1 : 0), 0);
  if (ends !== count) fail(`should have ${count} elements but has ${ends}`);
  const result = new DataView(new ArrayBuffer(count * bytes));
  const reader = new BinaryReader(data);
  try {
    for (let i = 0; i < count; i++) {
      const value = BigInt(reader.int64());
      if (bytes === 2) result.setUint16(2 * i, Number(BigInt.asUintN(16, value)), true);
      else if (bytes === 4) result.setInt32(4 * i, Number(BigInt.asIntN(32, value)), true);
      else result.setBigInt64(8 * i, value, true);
    }
  } catch {
    fail("has a number that is too long");
  }
  return new Uint8Array(result.buffer);
};

const elementsOf = (given: OnnxTensor, file: string): HostTensor => {
  const { name, dataType, dims, field, data, byteOffset } = given;
  const fail = (problem: string): never => {
    throw new FormatError(file, `tensor ${quoted(name)} ${problem}`, byteOffset);
  };
  const stored = storedTypeOf(dataType);
  if (stored === undefined) {
    return fail(
      `has elements of type ${dataType}; what can be read is f32 (1), f16 (10), bf16 (16), f64 (11), i32 (6), i64 (7)`,
    );
  }
  const [count, bytes] = [elementCount(dims), elementBytes(stored)];
  const tooLarge = (_: number, value: bigint): never => fail(`holds ${value}, more than 32 bits`);
  if (denseFields[field]?.includes(stored)) {
    if (data.length !== count * bytes) {
      fail(`${formatShape(dims)} of ${stored} takes ${count * bytes} bytes but has ${data.length}`);
    }
    return readElements(stored, dims, data, tooLarge);
  }
  if (!varintFields[field]?.includes(stored) || bytes === 1)
    return fail(`of ${stored} has its data in a field for others (${field})`);
  return readElements(stored, dims, unpacked(given, count, bytes, fail), tooLarge);
};
const elementBytes = (stored: StoredType) => storedTypes[stored].bytes;

/** As f32: f16 and bf16 exactly, f64 rounded. Throws FormatError for whole numbers, and for data that aren't as long as the shape. */
export const floatTensor = (given: OnnxTensor, file: string): HostTensor<"f32"> => {
  const { dtype, shape, data } = elementsOf(given, file);
  if (dtype === "i32") {
    throw new FormatError(
      file,
      `tensor ${quoted(given.name)} holds whole numbers but should hold weights`,
      given.byteOffset,
    );
  }
  return tensor("f32", shape, data instanceof Float32Array ? data : Float32Array.from(data));
};

/** Axes, sizes, amounts: never many. */
export const maxWholeNumbers = 64;

/** A small tensor of whole numbers; i64 beyond 2⁵³ (INT64_MAX stands for "to the end") is the nearest number that JavaScript has. */
export interface WholeNumbers {
  readonly dims: readonly number[];
  readonly values: readonly number[];
}

/** null for a tensor of another kind, or a larger one. */
export const wholeNumbers = (given: OnnxTensor, file: string): WholeNumbers | null => {
  const { dataType, dims, field, data } = given;
  if ((dataType !== onnxTypes.i64 && dataType !== onnxTypes.i32) || elementCount(dims) > maxWholeNumbers) return null;
  if (dataType === onnxTypes.i64 && field === "raw" && data.length === 8 * elementCount(dims)) {
    const view = new DataView(data.buffer, data.byteOffset, data.length);
    return { dims, values: Array.from({ length: data.length / 8 }, (_, i) => Number(view.getBigInt64(8 * i, true))) };
  }
  return { dims, values: Array.from(elementsOf(given, file).data) };
};
