import { expect, test } from "vitest";
import { benchCase, benchSpec } from "./bench-case.ts";
import { slowCodeNotice } from "./slow-code.ts";

const { nodes } = benchCase("train", benchSpec({ model: "resnet20", image: 8 }), 2).graph;

test("slowCodeNotice(implementations, nodes) names the nodes in one sentence, dense ones last", () => {
  const call = (node: string, implementation: string) => ({ node, implementation });
  expect(slowCodeNotice([call("conv1", "jit:avx512_core")], nodes)).toBeNull();
  expect(slowCodeNotice([call("fc", "x64:gemm:jit"), call("fc.dx", "x64:gemm:jit")], nodes)).toEqual({
    message: "by ref or gemm: fc (gemm), fc.dx (gemm); a dense layer is a matrix product",
    isSlow: false,
  });
  const many = ["conv1", "layer1.0.conv1", "layer1.0.conv2", "layer1.1.conv1"].map((node) => call(node, "gemm:jit"));
  expect(slowCodeNotice([call("fc", "ref:any"), ...many, call("fc.dx", "x64:gemm:jit")], nodes)).toEqual({
    message:
      "by ref or gemm: fc (ref), conv1 (gemm), layer1.0.conv1 (gemm), layer1.0.conv2 (gemm) and 2 more; the library has no faster code for them here",
    isSlow: true,
  });
});
