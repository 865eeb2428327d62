import { describe, expect, test } from "vitest";
import { GraphBuilder } from "../graph/builder.ts";
import { padding } from "../graph/geometry.ts";
import type { Graph } from "../graph/graph.ts";
import type { Value } from "../graph/value.ts";
import { verifyGraph } from "../graph/verify.ts";
import { foldBatchNorm } from "./fold-batch-norm.ts";

const params = { stride: [1, 1], padding: padding(1), groups: 1 } as const;

/** images → conv (→ bias) → batch norm; `also` may add readers. */
const normed = (biased: boolean, also: (builder: GraphBuilder, conv: Value) => void = () => {}): Graph => {
  const b = new GraphBuilder();
  const x = b.input("images", "f32", [2, 3, 5, 5]);
  const weight = b.state("conv.weight", "f32", [8, 3, 3, 3]);
  let { y } = b.add("conv2d", "conv", { x, weight }, params);
  also(b, y);
  if (biased) y = b.add("addBias", "conv.biased", { x: y, bias: b.state("conv.bias", "f32", [8]) }, {}).y;
  const of = (name: string) => b.state(`bn.${name}`, "f32", [8]);
  const vectors = { scale: of("weight"), shift: of("bias"), mean: of("running_mean"), variance: of("running_var") };
  b.output(b.add("batchNormInference", "bn", { x: y, ...vectors }, { epsilon: 1e-3 }).y);
  return b.build();
};
const told = (graph: Graph): readonly string[] => graph.nodes.map(({ part, kind, name }) => `${part} ${kind} ${name}`);

describe("foldBatchNorm(graph)", () => {
  test("makes of convolution and batch norm a convolution over prepared weights, and a bias", () => {
    const folded = verifyGraph(foldBatchNorm(normed(false)));
    expect(told(folded)).toEqual(["prepare foldBatchNorm conv.folded", "step conv2d conv", "step addBias bn"]);
    expect(folded.outputs).toEqual(normed(false).outputs);
    const [folding, conv, bias] = folded.nodes;
    expect(folding?.params).toEqual({ epsilon: 1e-3 });
    expect(Object.keys(folding?.operands ?? {})).not.toContain("bias");
    expect(conv?.kind === "conv2d" && conv.operands.weight.name).toBe("conv.folded.weight");
    expect(bias?.kind === "addBias" && bias.operands.bias.name).toBe("conv.folded.bias");
  });

  test("takes a convolution's own bias with it", () => {
    const folded = verifyGraph(foldBatchNorm(normed(true)));
    expect(told(folded)).toEqual(["prepare foldBatchNorm conv.folded", "step conv2d conv", "step addBias bn"]);
    const [folding] = folded.nodes;
    expect(folding?.kind === "foldBatchNorm" && folding.operands.bias?.name).toBe("conv.bias");
  });

  test("leaves a batch norm alone whose convolution somebody else reads, as an output or a node", () => {
    const output = normed(false, (b, conv) => b.output(conv));
    const node = normed(false, (b, conv) => b.output(b.add("relu", "relu", { x: conv }, {}).y));
    expect(told(foldBatchNorm(output))).toEqual(told(output));
    expect(told(foldBatchNorm(node))).toEqual(told(node));
  });

  test("leaves a batch norm alone that follows no convolution, or one with weights that aren't states", () => {
    const b = new GraphBuilder();
    const x = b.input("x", "f32", [1, 8, 4, 4]);
    const of = (name: string) => b.state(name, "f32", [8]);
    const vectors = { scale: of("scale"), shift: of("shift"), mean: of("mean"), variance: of("variance") };
    const first = b.add("batchNormInference", "bn1", { x, ...vectors }, { epsilon: 1e-5 }).y;
    const weight = b.input("weight", "f32", [8, 8, 3, 3]);
    const conv = b.add("conv2d", "conv", { x: first, weight }, params).y;
    b.output(b.add("batchNormInference", "bn2", { x: conv, ...vectors }, { epsilon: 1e-5 }).y);
    const graph = b.build();
    expect(told(foldBatchNorm(graph))).toEqual(told(graph));
  });

  test("keeps what is prepared already, and changes a folded graph no further", () => {
    const once = foldBatchNorm(normed(true));
    expect(told(foldBatchNorm(once))).toEqual(told(once));
  });
});
