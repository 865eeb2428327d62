// Making attributes and constants for nodes that are written.
import type { OnnxAttribute, OnnxTensor } from "./onnx-model.ts";
import { onnxTypes } from "./onnx-model.ts";

export const int = (value: number): OnnxAttribute => ({ kind: "int", value });
export const ints = (values: readonly number[]): OnnxAttribute => ({ kind: "ints", values });
export const float = (value: number): OnnxAttribute => ({ kind: "float", value });
export const string = (value: string): OnnxAttribute => ({ kind: "string", value });

const inFile = { field: "raw", byteOffset: 0 } as const;
const bytesOf = ({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array =>
  new Uint8Array(buffer, byteOffset, byteLength);

/** A tensor over the memory of its elements. */
export const floats = (name: string, dims: readonly number[], values: Float32Array): OnnxTensor => ({
  ...inFile,
  name,
  dataType: onnxTypes.f32,
  dims,
  data: bytesOf(values),
});
export const longs = (values: readonly number[]): OnnxTensor => ({
  ...inFile,
  name: "",
  dataType: onnxTypes.i64,
  dims: [values.length],
  data: bytesOf(BigInt64Array.from(values, BigInt)),
});
