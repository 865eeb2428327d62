// Implementations that are not a library's fast code: `ref` computes an operation as it is written down, `gemm` copies its operands
// into one large matrix product.

/** The word in an implementation's name that marks it; null for fast code. `brgemm` is another thing, and fast. */
export const slowCodeOf = (implementation: string): "ref" | "gemm" | null => {
  const words = implementation.split(/[^a-z]+/);
  if (words.includes("ref")) return "ref";
  return words.includes("gemm") ? "gemm" : null;
};
