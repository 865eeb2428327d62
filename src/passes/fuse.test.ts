import { describe, expect, test } from "vitest";
import { GraphBuilder } from "../graph/builder.ts";
import type { FusionRule } from "../graph/fusion-rule.ts";
import type { Graph } from "../graph/graph.ts";
import { verifyGraph } from "../graph/verify.ts";
import { fuse } from "./fuse.ts";

const addRelu: FusionRule = {
  name: "add+relu",
  links: [
    { kind: "add", through: null },
    { kind: "relu", through: "x" },
  ],
};
const normRelu: FusionRule = {
  name: "batchNormTrain+relu",
  links: [
    { kind: "batchNormTrain", through: null },
    { kind: "relu", through: "x" },
  ],
};

const build = (fill: (builder: GraphBuilder) => void): Graph => {
  const builder = new GraphBuilder();
  fill(builder);
  return builder.build();
};
const kinds = (graph: Graph): readonly string[] => graph.nodes.map(({ kind }) => kind);

describe("fuse(graph, rules)", () => {
  test("replaces a chain by one node that keeps it as its body, and leaves a graph", () => {
    const graph = build((b) => {
      const x = b.input("x", "f32", [4]);
      const sum = b.add("add", "sum", { a: x, b: x }, {}).y;
      b.output(b.add("relu", "y", { x: sum }, {}).y);
    });
    const fused = verifyGraph(fuse(graph, [addRelu]));
    expect(kinds(fused)).toEqual(["fused"]);
    const [node] = fused.nodes;
    expect(node?.name).toBe("sum+y");
    expect(node?.kind === "fused" ? node.params.body.map(({ name }) => name) : []).toEqual(["sum", "y"]);
    expect(Object.keys(node?.operands ?? {})).toEqual(["x"]);
    expect(Object.keys(node?.results ?? {})).toEqual(["y"]);
  });

  test("keeps results of earlier links that somebody reads", () => {
    const graph = build((b) => {
      const x = b.input("x", "f32", [2, 3, 4, 4]);
      const vector = b.state("v", "f32", [3]);
      const { y, mean } = b.add("batchNormTrain", "bn", { x, scale: vector, shift: vector }, { epsilon: 1e-5 });
      b.output(b.add("relu", "y", { x: y }, {}).y);
      b.output(mean);
    });
    const [node] = verifyGraph(fuse(graph, [normRelu])).nodes;
    expect(Object.keys(node?.results ?? {})).toEqual(["bn.mean", "y"]);
  });

  test("leaves a chain alone whose middle is an output, or is read twice", () => {
    const output = build((b) => {
      const x = b.input("x", "f32", [4]);
      const sum = b.add("add", "sum", { a: x, b: x }, {}).y;
      b.output(sum);
      b.output(b.add("relu", "y", { x: sum }, {}).y);
    });
    const twice = build((b) => {
      const x = b.input("x", "f32", [4]);
      const sum = b.add("add", "sum", { a: x, b: x }, {}).y;
      const y = b.add("relu", "y", { x: sum }, {}).y;
      b.output(b.add("add", "z", { a: sum, b: y }, {}).y);
    });
    expect(kinds(fuse(output, [addRelu]))).toEqual(["add", "relu"]);
    expect(kinds(fuse(twice, [addRelu]))).toEqual(["add", "relu", "add"]);
  });

  test("leaves a chain alone when an earlier result is needed before its last link runs", () => {
    const graph = build((b) => {
      const x = b.input("x", "f32", [2, 3, 4, 4]);
      const vector = b.state("v", "f32", [3]);
      const { y, mean } = b.add("batchNormTrain", "bn", { x, scale: vector, shift: vector }, { epsilon: 1e-5 });
      b.output(b.add("add", "between", { a: mean, b: mean }, {}).y);
      b.output(b.add("relu", "y", { x: y }, {}).y);
    });
    expect(kinds(fuse(graph, [normRelu]))).toEqual(["batchNormTrain", "add", "relu"]);
  });

  test("leaves a chain alone that crosses parts, or links through another operand", () => {
    const crossing = build((b) => {
      const x = b.input("x", "f32", [4]);
      const sum = b.add("add", "sum", { a: x, b: x }, {}).y;
      b.part("update");
      b.output(b.add("relu", "y", { x: sum }, {}).y);
    });
    const viaB: FusionRule = {
      name: "add+add",
      links: [
        { kind: "add", through: null },
        { kind: "add", through: "b" },
      ],
    };
    const viaA = build((b) => {
      const x = b.input("x", "f32", [4]);
      const sum = b.add("add", "sum", { a: x, b: x }, {}).y;
      b.output(b.add("add", "y", { a: sum, b: x }, {}).y);
    });
    expect(kinds(fuse(crossing, [addRelu]))).toEqual(["add", "relu"]);
    expect(kinds(fuse(viaA, [viaB]))).toEqual(["add", "add"]);
  });

  test("gives a node that two rules match to the earlier one", () => {
    const reluAdd: FusionRule = {
      name: "relu+add",
      links: [
        { kind: "relu", through: null },
        { kind: "add", through: "a" },
      ],
    };
    const graph = build((b) => {
      const x = b.input("x", "f32", [4]);
      const sum = b.add("add", "sum", { a: x, b: x }, {}).y;
      const y = b.add("relu", "y", { x: sum }, {}).y;
      b.output(b.add("add", "z", { a: y, b: x }, {}).y);
    });
    expect(kinds(fuse(graph, [addRelu, reluAdd]))).toEqual(["fused", "add"]);
    expect(kinds(fuse(graph, [reluAdd, addRelu]))).toEqual(["add", "fused"]);
  });
});
