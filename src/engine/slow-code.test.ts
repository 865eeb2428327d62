import { expect, test } from "vitest";
import { slowCodeOf } from "./slow-code.ts";

test("slowCodeOf(implementation) finds ref and gemm as words of the library's names", () => {
  expect(["ref:any", "x64:gemm:jit", "gemm:jit", "ref_bf16"].map(slowCodeOf)).toEqual(["ref", "gemm", "gemm", "ref"]);
  expect(["jit:avx512_core", "brgemm:avx512_core", "simple:any", "jit_1x1:avx2"].map(slowCodeOf)).toEqual(
    Array(4).fill(null),
  );
});
