// The numbers of oneDNN 2.6–2.7, from dnnl_types.h of 2.6.3. 3.x numbers flags, queries and algorithms differently.
import type { Argument, QueriedTensor } from "./dnnl.ts";

/** Bytes of the structs that *_desc_init fills (sizeof, x86-64 and arm64). */
export const structBytes = {
  memory: 696,
  convolution: 5976,
  batchNorm: 3496,
  pooling: 3192,
  eltwise: 1416,
  dense: 5584,
  binary: 2096,
} as const;

export const dataTypes = { bf16: 2, f32: 3, i32: 4, i8: 5, u8: 6 } as const;

/** Bits of dnnl_cpu_isa_t: AVX-512 with its byte and word instructions; dot products of bytes, and of bf16, on top of them. */
export const instructionSets = { avx512Core: 0x27, avx512CoreVnni: 0x67, avx512CoreBf16: 0xe7 } as const;

/** dnnl_format_tag_t. */
export const formatTags = {
  any: 1,
  nhwc: 20,
  nChw16c: 69,
  OIhw16i16o: 70,
  OIhw8i16o2i: 95,
  IOhw8o16i2o: 97,
  Ohwi16o: 202,
} as const;
/** Row-major tags by rank, beginning with 1: a, ab, abc, abcd, abcde. */
export const plainTags: readonly number[] = [2, 3, 4, 5, 7];

/** dnnl_prop_kind_t. */
export const propagation = { training: 64, inference: 96, backward: 128 } as const;

/** dnnl_alg_kind_t. */
export const algorithms = {
  direct: 0x1,
  auto: 0x3,
  relu: 0x1f,
  /** α·x + β. */
  affine: 0x7f,
  sigmoid: 0xaf,
  /** Those whose backward pass reads y. */
  reluFromResult: 0x100,
  sigmoidFromResult: 0x104,
  max: 0x1ff,
  /** Average over the elements inside the image. */
  average: 0x3ff,
  averageWithPadding: 0x2ff,
  add: 0x1fff0,
  multiply: 0x1fff1,
  isGreater: 0x1fff7,
} as const;

/** dnnl_normalization_flags_t. */
export const normalizationFlags = { globalStatistics: 0x1, relu: 0x4, scale: 0x8, shift: 0x10 } as const;

/** dnnl_query_t. */
export const queries: { readonly [Q in QueriedTensor | "implementation"]: number } = {
  implementation: 8,
  x: 129,
  dx: 130,
  weight: 131,
  dWeight: 132,
  y: 133,
  dy: 134,
  workspace: 135,
  scratchpad: 136,
};

/** DNNL_ARG_*. */
export const argumentNumbers: { readonly [A in Extract<Argument, string> | "firstSource"]: number } = {
  x: 1,
  x1: 2,
  y: 17,
  weight: 33,
  bias: 41,
  mean: 49,
  variance: 50,
  scale: 51,
  shift: 52,
  workspace: 64,
  scratchpad: 80,
  dx: 129,
  dy: 145,
  dWeight: 161,
  dBias: 169,
  dScale: 255,
  dShift: 256,
  firstSource: 1024,
  /** The second operand (2) of the first post-op. */
  combined: 16384 + 2,
};

/** dnnl_status_t. */
export const statusNames: readonly string[] = [
  "success",
  "out of memory",
  "invalid arguments",
  "unimplemented",
  "no further implementation",
  "runtime error",
  "not required",
];
/** dnnl_unimplemented: there is no code for what was asked. */
export const unimplemented = 3;
