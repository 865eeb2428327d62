import { expect, test } from "vitest";
import { GraphBuilder } from "./builder.ts";
import { padding } from "./geometry.ts";

const params = { stride: [1, 1], padding: padding(0), groups: 1 } as const;

test("an activation of one type and one of another are refused, with node, operand and remedy", () => {
  const builder = new GraphBuilder();
  const image = builder.input("image", "f32", [1, 2, 3, 3]);
  const weight = builder.state("conv.weight", "f32", [2, 2, 1, 1]);
  const x = builder.add("cast", "image.bf16", { x: image }, { dtype: "bf16" }).y;
  const low = { ...x, shape: image.shape };
  expect(() => builder.add("conv2d", "conv", { x: low, weight }, params)).toThrow(
    "conv: its weight conv.weight is f32 but conv2d takes it as bf16 here; cast it",
  );
});

test("parameters and statistics are f32 where activations are bf16", () => {
  const builder = new GraphBuilder();
  const x = { ...builder.add("cast", "low", { x: builder.input("x", "f32", [2, 3, 4, 4]) }, { dtype: "bf16" }).y };
  const image = { ...x, shape: [2, 3, 4, 4] } as const;
  const vector = (name: string) => builder.state(name, "f32", [3]);
  const { y, mean } = builder.add(
    "batchNormTrain",
    "bn",
    { x: image, scale: vector("scale"), shift: vector("shift") },
    { epsilon: 1e-5 },
  );
  expect([y.dtype, mean.dtype]).toEqual(["bf16", "f32"]);
  const wrong = builder.add("cast", "wrong", { x: vector("other") }, { dtype: "bf16" }).y;
  const operands = { x: image, scale: { ...wrong, shape: [3] as const }, shift: vector("another") };
  expect(() => builder.add("batchNormTrain", "bn2", operands, { epsilon: 1e-5 })).toThrow(
    "bn2: its scale wrong is bf16 but batchNormTrain takes it as f32 here; cast it",
  );
});

test("a graph gives out and keeps no bf16", () => {
  const builder = new GraphBuilder();
  const state = builder.state("state", "f32", [2]);
  const low = builder.add("cast", "low", { x: state }, { dtype: "bf16" }).y;
  expect(() => builder.output(low)).toThrow(
    "internal error: the output low bf16[2] can't leave the graph: cast it to f32",
  );
  expect(() => builder.update(state, low)).toThrow(
    "internal error: state can't be kept as low bf16[2]: cast it to f32",
  );
});
