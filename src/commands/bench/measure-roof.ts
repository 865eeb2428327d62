// The machine's practical roof: the best rate of several large matrix products through the engine's own library, call by call.
// What a step reaches is told as a share of it. The roof is not the silicon's: a convolution may well reach more.
import { invariant } from "../../base/errors.ts";
import { randomPurposes, randomStream } from "../../base/philox.ts";
import type { ImageShape } from "../../base/shape.ts";
import { type HostTensor, sharedZeros } from "../../base/tensor.ts";
import type { Engine } from "../../engine/contract.ts";
import { GraphBuilder } from "../../graph/builder.ts";
import { flopsOf } from "../../graph/cost-rules.ts";
import { padding } from "../../graph/geometry.ts";
import type { Graph } from "../../graph/graph.ts";
import type { HostValue } from "../../graph/value.ts";
import { withPrecision } from "../../passes/precision.ts";
import { makePlan } from "../../plan/plan.ts";
import type { BenchType } from "./environment.ts";

const node = "product";

/** Pixels times channels by a square matrix: a 1×1 convolution, whose layouts the engine may choose. */
const pixelProduct = (x: ImageShape, precision: Exclude<BenchType, "int8">): Graph => {
  const builder = new GraphBuilder();
  const images = builder.input("x", "f32", x);
  const weight = builder.state("weight", "f32", [x[1], x[1], 1, 1]);
  const params = { stride: [1, 1], padding: padding(0), groups: 1 } as const;
  builder.output(builder.add("conv2d", node, { x: images, weight }, params).y);
  return withPrecision(builder.build(), precision);
};

/** The same over bytes: numbers between −½ and ½ take all levels, the sums some. */
const byteProduct = (x: ImageShape): Graph => {
  const builder = new GraphBuilder();
  const images = builder.input("x", "f32", x);
  const weight = builder.state("weight", "i8", [x[1], x[1], 1, 1]);
  const bias = builder.state("bias", "f32", [x[1]]);
  const levels = builder.add("quantize", "levels", { x: images }, { dtype: "u8", scale: 0.5 / 255 }).y;
  const factors = new Array<number>(x[1]).fill(1 / (100 * x[1]));
  const geometry = { stride: [1, 1], padding: padding(0), groups: 1 } as const;
  const params = { ...geometry, factors, relu: true, shortcutFactor: 1, result: "u8" } as const;
  const y = builder.add("quantizedConv2d", node, { x: { ...levels, shape: x }, weight, bias }, params).y;
  builder.output(builder.add("dequantize", "y", { x: y }, { scale: 1 }).y);
  return builder.build();
};

/** A square matrix product, row-major. */
const matrixProduct = (size: number): Graph => {
  const builder = new GraphBuilder();
  const x = builder.input("x", "f32", [size, size]);
  const weight = builder.state("weight", "f32", [size, size]);
  const bias = builder.state("bias", "f32", [size]);
  builder.output(builder.add("dense", node, { x, weight, bias }, {}).y);
  return builder.build();
};

/** 7 to 17 GFLOP each: tens of milliseconds, far above any overhead, and larger than the caches. */
const products: { readonly [T in BenchType]: readonly (() => Graph)[] } = {
  f32: [
    () => pixelProduct([16, 512, 28, 28], "f32"),
    () => pixelProduct([16, 1024, 14, 14], "f32"),
    () => matrixProduct(2048),
  ],
  // Dense layers are computed in f32 whatever activations are.
  bf16: [() => pixelProduct([16, 512, 28, 28], "bf16"), () => pixelProduct([16, 1024, 14, 14], "bf16")],
  int8: [() => byteProduct([16, 512, 28, 28]), () => byteProduct([16, 1024, 14, 14])],
};
const runs = 6;

const filled = ({ dtype, shape }: HostValue, seed: number): HostTensor => {
  const tensor = sharedZeros(dtype, shape);
  const { uniform } = randomStream(seed, randomPurposes.synthetic);
  const largest = dtype === "i8" ? 127 : 1;
  for (let i = 0; i < tensor.data.length; i++) tensor.data[i] = largest * (uniform() - 0.5);
  return tensor;
};

/** GFLOP/s of the fastest call; null for an engine that doesn't tell how long its calls take. Some two seconds. */
export const measureRoof = async (engine: Engine, type: BenchType = "f32"): Promise<number | null> => {
  let best: number | null = null;
  for (const build of products[type]) {
    const graph = build();
    const state = await engine.createState(new Map(graph.states.map((value) => [value.name, filled(value, 1)])));
    const program = await engine.compile(makePlan(graph), state);
    const inputs = Object.fromEntries(graph.inputs.map((value) => [value.name, filled(value, 2)]));
    const call = program.implementations.findIndex((each) => each.node === node);
    invariant(call >= 0, `the program lists what computes ${node}`);
    const flops = graph.nodes.reduce((sum, each) => sum + flopsOf(each), 0);
    for (let run = 0; run < runs && program.profile !== undefined; run++) {
      const seconds = (await program.profile(inputs, "step"))[call] ?? 0;
      if (seconds > 0) best = Math.max(best ?? 0, flops / seconds / 1e9);
    }
    await program.dispose();
    await state.dispose();
  }
  return best;
};
