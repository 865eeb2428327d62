// Element by element: results take over the memory of an operand that nobody needs any more.
import type { NodeOf } from "../../../graph/ops.ts";
import type { Value } from "../../../graph/value.ts";
import { slowCodeOf } from "../../slow-code.ts";
import type { Lowering } from "../lowering.ts";
import { constantOf } from "./constant.ts";

const map = (
  context: Lowering,
  x: Value,
  y: Value,
  how:
    | { readonly function: "relu" | "sigmoid" }
    | { readonly function: "affine"; readonly scale: number; readonly shift: number },
): void => {
  const layout = context.imageLayoutOf(x);
  const from = context.read(x, layout);
  const primitive = context.describe({ kind: "elementwise", ...how, pass: "inference", x: from.descriptor });
  context.call(primitive, [
    ["x", from],
    ["y", context.result(y, layout, [x])],
  ]);
};

export const relu = (context: Lowering, { operands, results }: NodeOf<"relu">): void =>
  map(context, operands.x, results.y, { function: "relu" });

export const sigmoid = (context: Lowering, { operands, results }: NodeOf<"sigmoid">): void =>
  map(context, operands.x, results.y, { function: "sigmoid" });

export const affine = (context: Lowering, { operands, params, results }: NodeOf<"affine">): void =>
  map(context, operands.x, results.y, { function: "affine", scale: params.scale, shift: params.shift });

const mapBackward = (
  context: Lowering,
  { operands: { y, dy }, results: { dx } }: NodeOf<"reluBackward"> | NodeOf<"sigmoidBackward">,
  of: "relu" | "sigmoid",
): void => {
  const layout = context.imageLayoutOf(y);
  const from = context.read(y, layout);
  const gradient = context.read(dy, layout);
  const primitive = context.describe({ kind: "elementwise", function: of, pass: "backward", x: from.descriptor });
  context.call(primitive, [
    ["y", from],
    ["dy", gradient],
    ["dx", context.result(dx, layout, [dy])],
  ]);
};

export const sigmoidBackward = (context: Lowering, node: NodeOf<"sigmoidBackward">): void =>
  mapBackward(context, node, "sigmoid");

/**
 * dx = (y > 0) · dy as a comparison that is multiplied by dy: the library's own backward pass of a relu takes 1.7 to 3.5 times as long
 * in bf16, and 0.98 to 1.9 times in f32 (docs/records/memory-passes.md). Where dy is not finite, so is dx, even where y is 0.
 */
export const reluBackward = (context: Lowering, node: NodeOf<"reluBackward">): void => {
  const { y, dy } = node.operands;
  const layout = context.imageLayoutOf(y);
  const from = context.read(y, layout);
  const gradient = context.read(dy, layout);
  const zero = constantOf(context, 0, { shape: y.shape.map(() => 1), dtype: y.dtype }, layout);
  const { descriptor } = from;
  const primitive = context.describe({
    kind: "binary",
    operation: "isGreater",
    a: descriptor,
    b: zero.descriptor,
    y: descriptor,
    combination: { operation: "multiply", operand: gradient.descriptor },
    postOp: "nothing",
  });
  if (slowCodeOf(primitive.implementation) !== null) {
    mapBackward(context, node, "relu");
    return;
  }
  context.call(primitive, [
    ["x", from],
    ["x1", zero],
    ["combined", gradient],
    ["y", context.result(node.results.dx, layout, [dy])],
  ]);
};

const combine = (
  context: Lowering,
  operation: "add" | "multiply",
  { a, b }: NodeOf<"add" | "multiply">["operands"],
  y: Value,
  postOp: "nothing" | "relu",
): void => {
  const layout = context.imageLayoutOf(a);
  const [first, second] = [context.read(a, layout), context.read(b, layout)];
  const { descriptor } = first;
  const primitive = context.describe({
    kind: "binary",
    operation,
    a: descriptor,
    b: descriptor,
    y: descriptor,
    postOp,
  });
  context.call(primitive, [
    ["x", first],
    ["x1", second],
    // In place of the first operand only: of the second, the library's code reads after it has written.
    ["y", context.result(y, layout, a.name === b.name ? [] : [a])],
  ]);
};

export const add = (context: Lowering, node: NodeOf<"add">): void =>
  combine(context, "add", node.operands, node.results.y, "nothing");

export const addRelu = (context: Lowering, node: NodeOf<"add">, after: NodeOf<"relu">): void =>
  combine(context, "add", node.operands, after.results.y, "relu");

export const multiply = (context: Lowering, node: NodeOf<"multiply">): void =>
  combine(context, "multiply", node.operands, node.results.y, "nothing");
