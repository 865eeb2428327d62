// Element types. f64 exists for the reference engine (finite differences); i32 holds labels, indices and seeds.

export type DType = "f32" | "f64" | "i32";
export type FloatDType = Exclude<DType, "i32">;

/** The array that holds elements of a type. The buffer may be shared between threads. */
export interface ArrayOf {
  f32: Float32Array;
  f64: Float64Array;
  i32: Int32Array;
}
export type TypedArray = ArrayOf[DType];

/** Bytes of one element. */
export const dtypeBytes: { readonly [D in DType]: number } = { f32: 4, f64: 8, i32: 4 };

/** The unit roundoff u: a result rounded to nearest is off by at most a fraction u of itself. */
export const unitRoundoff: { readonly [D in FloatDType]: number } = { f32: 2 ** -24, f64: 2 ** -53 };

const constructors: {
  readonly [D in DType]: new (
    buffer: ArrayBufferLike,
    offset: number,
    length: number,
  ) => ArrayOf[D];
} = { f32: Float32Array, f64: Float64Array, i32: Int32Array };

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
