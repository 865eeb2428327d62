// What of an ONNX file is read and written here, as plain data: decode-model.ts makes it from bytes, encode-model.ts the other way.
// The format: https://github.com/onnx/onnx/blob/main/onnx/onnx.proto and docs/IR.md.

/** Numbers of TensorProto.DataType that occur in residual networks. */
export const onnxTypes = { f32: 1, i32: 6, i64: 7, f16: 10, f64: 11, bf16: 16 } as const;

/**
 * A tensor as it is stored. `field` says how: "raw" little-endian elements; "floats" and "doubles" the same in fields of their own;
 * "int32s" and "int64s" numbers of variable length (f16 and bf16 as their bits).
 */
export interface OnnxTensor {
  readonly name: string;
  /** A number of TensorProto.DataType. */
  readonly dataType: number;
  readonly dims: readonly number[];
  readonly field: "raw" | "floats" | "doubles" | "int32s" | "int64s";
  readonly data: Uint8Array;
  /** Where the data begin in the file, for errors; 0 for a tensor that comes from none. */
  readonly byteOffset: number;
}

export interface OnnxAttributes {
  float: { readonly value: number };
  int: { readonly value: number };
  string: { readonly value: string };
  tensor: { readonly value: OnnxTensor };
  floats: { readonly values: readonly number[] };
  ints: { readonly values: readonly number[] };
  /** A graph, a sparse tensor, a list of strings …: nothing that residual networks have. */
  other: Record<never, never>;
}
/** An attribute of any kind or, given a kind, of that kind. */
export type OnnxAttribute<K extends keyof OnnxAttributes = keyof OnnxAttributes> = {
  [P in K]: { readonly kind: P } & OnnxAttributes[P];
}[K];

export interface OnnxNode {
  readonly name: string;
  readonly op: string;
  /** "" for ONNX's own operations. */
  readonly domain: string;
  /** Names of values; "" where an optional one is left out. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: ReadonlyMap<string, OnnxAttribute>;
}

/** An input or output of a graph. */
export interface OnnxValue {
  readonly name: string;
  /** A number of TensorProto.DataType; 0 where the file doesn't say, or where the value is no tensor. */
  readonly dataType: number;
  /** Sizes; a name stands for one that is left open, "" for one that has no name; null where nothing is said. */
  readonly shape: readonly (number | string)[] | null;
}

export interface OnnxGraph {
  readonly name: string;
  /** In an order in which they can run. */
  readonly nodes: readonly OnnxNode[];
  readonly initializers: ReadonlyMap<string, OnnxTensor>;
  readonly inputs: readonly OnnxValue[];
  readonly outputs: readonly OnnxValue[];
}

export interface OnnxModel {
  readonly irVersion: number;
  /** The version of ONNX's own operations. */
  readonly opset: number;
  readonly producer: { readonly name: string; readonly version: string };
  readonly graph: OnnxGraph;
  readonly metadata: Readonly<Record<string, string>>;
}
