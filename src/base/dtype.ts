// Element types. f64 exists for the reference engine (finite differences); i32 holds labels, indices and seeds; i8 the weights of a
// quantised network. bf16, the upper half of an f32, and u8, activations that are never negative, exist between the nodes of a graph
// alone: what goes in, what comes out and what is kept is of a host type.

/** The types of tensors outside of programs: JavaScript has arrays for them. */
export type DType = "f32" | "f64" | "i32" | "i8";
export type FloatDType = Exclude<DType, "i32" | "i8">;
/** The types of a graph's values. */
export type ValueDType = DType | "bf16" | "u8";
/** The types of a quantised network's numbers: levels, each standing for itself times a scale. */
export type ByteDType = "i8" | "u8";
/** What activations may be computed in: what a person chooses by `--dtype`. */
export const precisions = ["f32", "bf16"] as const;
export type Precision = (typeof precisions)[number];

/** The type of the parameters, sums and statistics that go with activations of a type. */
export const fullTypes = { f32: "f32", f64: "f64", i32: "i32", i8: "f32", u8: "f32", bf16: "f32" } as const satisfies {
  readonly [D in ValueDType]: DType;
};

/** The array that holds elements of a type. The buffer may be shared between threads. */
export interface ArrayOf {
  f32: Float32Array;
  f64: Float64Array;
  i32: Int32Array;
  i8: Int8Array;
}
export type TypedArray = ArrayOf[DType];

/** Bytes of one element. */
export const dtypeBytes: { readonly [D in ValueDType]: number } = {
  f32: 4,
  f64: 8,
  i32: 4,
  i8: 1,
  u8: 1,
  bf16: 2,
};

/** The least and the largest level of a byte: what is beyond them is cut off. */
export const byteLevels: { readonly [D in ByteDType]: readonly [least: number, largest: number] } = {
  i8: [-128, 127],
  u8: [0, 255],
};

/** The unit roundoff u: a result rounded to nearest is off by at most a fraction u of itself. */
export const unitRoundoff: { readonly [D in FloatDType | "bf16"]: number } = {
  f32: 2 ** -24,
  f64: 2 ** -53,
  bf16: 2 ** -8,
};

const constructors: {
  readonly [D in DType]: new (
    buffer: ArrayBufferLike,
    offset: number,
    length: number,
  ) => ArrayOf[D];
} = { f32: Float32Array, f64: Float64Array, i32: Int32Array, i8: Int8Array };

/** A view of `length` elements that starts `byteOffset` bytes into the buffer. */
export const arrayView = <D extends DType>(
  dtype: D,
  buffer: ArrayBufferLike,
  byteOffset: number,
  length: number,
): ArrayOf[D] => new constructors[dtype](buffer, byteOffset, length);

/** A new array of zeros, in memory of this thread alone. */
export const allocate = <D extends DType>(dtype: D, length: number): ArrayOf[D] =>
  arrayView(dtype, new ArrayBuffer(length * dtypeBytes[dtype]), 0, length);

/** A new array of zeros that other threads can be handed without a copy. */
export const allocateShared = <D extends DType>(dtype: D, length: number): ArrayOf[D] =>
  arrayView(dtype, new SharedArrayBuffer(length * dtypeBytes[dtype]), 0, length);
