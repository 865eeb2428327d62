// Element by element: results take over the memory of an operand that nobody needs any more.
import type { NodeOf } from "../../../graph/ops.ts";
import type { Value } from "../../../graph/value.ts";
import type { Lowering } from "../lowering.ts";

export const relu = (context: Lowering, { operands: { x }, results: { y } }: NodeOf<"relu">): void => {
  const layout = context.imageLayoutOf(x);
  const from = context.read(x, layout);
  const primitive = context.describe({ kind: "relu", pass: "inference", x: from.descriptor });
  context.call(primitive, [
    ["x", from],
    ["y", context.result(y, layout, [x])],
  ]);
};

export const reluBackward = (
  context: Lowering,
  { operands: { y, dy }, results: { dx } }: NodeOf<"reluBackward">,
): void => {
  const layout = context.imageLayoutOf(y);
  const from = context.read(y, layout);
  const gradient = context.read(dy, layout);
  const primitive = context.describe({ kind: "relu", pass: "backward", x: from.descriptor });
  context.call(primitive, [
    ["y", from],
    ["dy", gradient],
    ["dx", context.result(dx, layout, [dy])],
  ]);
};

const sum = (context: Lowering, { operands: { a, b } }: NodeOf<"add">, y: Value, postOp: "nothing" | "relu"): void => {
  const layout = context.imageLayoutOf(a);
  const [first, second] = [context.read(a, layout), context.read(b, layout)];
  const { descriptor } = first;
  const primitive = context.describe({
    kind: "binary",
    operation: "add",
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

export const add = (context: Lowering, node: NodeOf<"add">): void => sum(context, node, node.results.y, "nothing");

export const addRelu = (context: Lowering, node: NodeOf<"add">, after: NodeOf<"relu">): void =>
  sum(context, node, after.results.y, "relu");
