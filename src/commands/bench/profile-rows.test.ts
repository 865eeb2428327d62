import { describe, expect, test } from "vitest";
import { fuse } from "../../passes/fuse.ts";
import { makePlan } from "../../plan/plan.ts";
import { benchCase, benchSpec } from "./bench-case.ts";
import { profileOpOf } from "./profile-ops.ts";
import { type ProfileRow, profileRows, profileTotals } from "./profile-rows.ts";

const spec = benchSpec({ model: "resnet20", image: 8 });
const rules = [
  {
    name: "batchNormTrain+relu",
    links: [
      { kind: "batchNormTrain", through: null },
      { kind: "relu", through: "x" },
    ],
  },
] as const;
const { order } = makePlan(fuse(benchCase("train", spec, 2).graph, rules));
const calls: readonly (readonly [node: string, implementation: string, seconds: number])[] = [
  ["constant 0", "script:fill", 1e-3],
  ["layer1.0.conv1 (reorder of layer1.0.conv1.weight)", "jit:uni", 2e-3],
  ["layer1.0.conv1", "jit:avx512_core", 4e-3],
  ["layer1.0.bn1+layer1.0.relu1", "bnorm_jit:avx512_core", 3e-3],
  ["layer1.0.conv1.dx", "jit:avx512_core", 5e-3],
  ["layer1.0.conv1.dWeight", "gemm:jit", 6e-3],
  ["layer1.0.conv1.weight.next", "script:negate", 1e-3],
  ["layer1.0.conv1.weight.next", "jit:uni", 2e-3],
  ["fc.weight (update)", "ref:any", 1e-3],
  ["gradientNormSquared", "script:sumOfSquares", 0], // of a part that did not run
];
const rows = profileRows({
  implementations: calls.map(([node, implementation]) => ({ node, implementation })),
  seconds: calls.map(([, , seconds]) => seconds),
  nodes: order,
  roofGflops: 0.1,
});
const rowOf = (node: string): ProfileRow | undefined => rows.find((row) => row.node === node);

describe("profileRows(calls)", () => {
  test("knows each call's operation and pass by the node that it serves", () => {
    expect(rows.map(({ op, pass }) => `${op}, ${pass}`)).toEqual([
      "fill, prepare",
      "reorder, forward",
      "convolution, forward",
      "batch norm, forward",
      "convolution by data, backward",
      "convolution by weights, backward",
      "update, update",
      "reorder, update",
    ]);
  });

  test("gives rates by the node's own operations and bytes, as shares of the roof and of the whole", () => {
    // 2·N·O·H·W·C·3·3 flops of a 3×3 convolution of 16 channels on 8×8, batch 2
    const flops = 2 * 2 * 16 * 8 * 8 * 16 * 9;
    expect(rowOf("layer1.0.conv1")).toMatchObject({
      flops,
      seconds: 4e-3,
      gigabytesPerSecond: (4 * (2 * 2048 + 2304)) / 4e-3 / 1e9,
    });
    expect(rowOf("layer1.0.conv1")?.gflops).toBeCloseTo(flops / 4e-3 / 1e9, 12);
    expect(rowOf("layer1.0.conv1")?.roofFraction).toBeCloseTo(flops / 4e-3 / 1e9 / 0.1, 12);
    expect(rowOf("constant 0")).toMatchObject({ gflops: 0, roofFraction: null, gigabytesPerSecond: null });
    expect(rows.reduce((sum, { fraction }) => sum + fraction, 0)).toBeCloseTo(1, 12);
  });

  test("sums the calls of one node, and leaves out what did not run", () => {
    expect(rowOf("layer1.0.conv1.weight.next")).toMatchObject({
      seconds: 3e-3,
      implementation: "script:negate + jit:uni",
    });
    expect(rowOf("gradientNormSquared")).toBeUndefined();
  });

  test("marks ref and gemm", () => {
    expect(rows.filter(({ slow }) => slow !== null).map(({ node, slow }) => [node, slow])).toEqual([
      ["layer1.0.conv1.dWeight", "gemm"],
      ["fc.weight (update)", "ref"],
    ]);
  });
});

test("profileTotals(rows) sums each operation of each pass, most expensive first", () => {
  const totals = profileTotals([...rows, ...rows], 0.1);
  expect(totals[0]).toMatchObject({ op: "convolution by weights", pass: "backward", nodes: 2, seconds: 12e-3 });
  expect(totals[0]?.gflops).toBeCloseTo(rowOf("layer1.0.conv1.dWeight")?.gflops ?? 0, 12);
  expect(totals.map(({ seconds }) => seconds)).toEqual(totals.map(({ seconds }) => seconds).toSorted((a, b) => b - a));
});

test("profileOpOf(node) takes a fused node for the member that computes most", () => {
  const fused = order.filter(({ kind }) => kind === "fused");
  expect(fused.length).toBeGreaterThan(0);
  expect(new Set(fused.map(profileOpOf))).toEqual(new Set(["batch norm"]));
});
