// Pooling. The winners of a maximum pool are the library's workspace: only the backward pass can read them.
import { invariant, UnsupportedError } from "../../../base/errors.ts";
import type { ImageShape } from "../../../base/shape.ts";
import { type AveragePoolParams, padding } from "../../../graph/geometry.ts";
import type { NodeOf } from "../../../graph/ops.ts";
import type { ImageLayout } from "../dnnl.ts";
import type { Lowering } from "../lowering.ts";

const blocked = (shape: ImageShape): ImageLayout => (shape[1] % 16 === 0 ? "nChw16c" : "nhwc");

export const maxPool = (
  context: Lowering,
  { operands: { x }, params, results: { y, argmax } }: NodeOf<"maxPool">,
): void => {
  const layout = context.imageLayoutOf(x);
  const from = context.read(x, layout);
  const to = context.result(y, layout);
  const shapes = { x: from.descriptor, y: to.descriptor };
  if (!context.isRead(argmax)) {
    const primitive = context.describe({ kind: "pooling", algorithm: "max", pass: "inference", ...shapes, ...params });
    context.call(primitive, [
      ["x", from],
      ["y", to],
    ]);
    return;
  }
  const primitive = context.describe({ kind: "pooling", algorithm: "max", pass: "training", ...shapes, ...params });
  const winners = primitive.layoutOf("workspace");
  if (winners === null) throw new UnsupportedError("onednn", context.where, "the library keeps no winners");
  const workspace = context.temporary("winners", winners, argmax.shape, layout);
  context.workspaces.set(argmax.name, workspace);
  context.call(primitive, [
    ["x", from],
    ["y", to],
    ["workspace", workspace],
  ]);
};

export const maxPoolBackward = (
  context: Lowering,
  { operands: { argmax, dy }, params, results: { dx } }: NodeOf<"maxPoolBackward">,
): void => {
  const workspace = context.workspaces.get(argmax.name);
  if (workspace === undefined)
    throw new UnsupportedError("onednn", context.where, `${argmax.name} is no result of a pool`);
  // The winners lie as the forward pass's images; the gradient is brought into that layout, should it have come in another.
  const { layout } = workspace;
  invariant(layout !== "opaque", `${argmax.name} lies as images do`);
  const from = context.read(dy, layout);
  const to = context.result(dx, layout);
  const shapes = { x: to.descriptor, y: from.descriptor };
  const primitive = context.describe({ kind: "pooling", algorithm: "max", pass: "backward", ...shapes, ...params });
  const wanted = primitive.layoutOf("workspace");
  if (wanted === null || !context.dnnl.equal(wanted, workspace.descriptor)) {
    throw new UnsupportedError("onednn", context.where, "its gradient lies in another layout than its forward pass");
  }
  context.call(primitive, [
    ["dy", from],
    ["dx", to],
    ["workspace", workspace],
  ]);
};

const averageOf = ({ countPadding, kernel, stride, padding }: AveragePoolParams) =>
  ({ kind: "pooling", algorithm: countPadding ? "averageWithPadding" : "average", kernel, stride, padding }) as const;

export const averagePool = (
  context: Lowering,
  { operands: { x }, params, results: { y } }: NodeOf<"averagePool">,
): void => {
  const layout = context.imageLayoutOf(x);
  const from = context.read(x, layout);
  const to = context.result(y, layout);
  const shapes = { x: from.descriptor, y: to.descriptor };
  const primitive = context.describe({ ...averageOf(params), pass: "inference", ...shapes });
  context.call(primitive, [
    ["x", from],
    ["y", to],
  ]);
};

export const averagePoolBackward = (
  context: Lowering,
  { operands: { dy }, params, results: { dx } }: NodeOf<"averagePoolBackward">,
): void => {
  const layout = context.imageLayoutOf(dy);
  const from = context.read(dy, layout);
  const to = context.result(dx, layout);
  const shapes = { x: to.descriptor, y: from.descriptor };
  const primitive = context.describe({ ...averageOf(params), pass: "backward", ...shapes });
  context.call(primitive, [
    ["dy", from],
    ["dx", to],
  ]);
};

const wholeImage = (shape: ImageShape) => ({
  kernel: [shape[2], shape[3]] as const,
  stride: [1, 1] as const,
  padding: padding(0),
});

export const globalAveragePool = (
  context: Lowering,
  { operands: { x }, results: { y } }: NodeOf<"globalAveragePool">,
): void => {
  const layout = context.imageLayoutOf(x);
  const from = context.read(x, layout);
  // One pixel an image: every layout of it is row-major (blocks of 16 are chosen only where they divide the channels).
  const pixels = context.dnnl.image([y.shape[0], y.shape[1], 1, 1], layout, context.typeOf(y));
  const to = context.result(y);
  const geometry = { x: from.descriptor, y: pixels, ...wholeImage(x.shape) };
  const primitive = context.describe({ kind: "pooling", algorithm: "average", pass: "inference", ...geometry });
  context.call(primitive, [
    ["x", from],
    ["y", { ...to, descriptor: pixels }],
  ]);
};

export const globalAveragePoolBackward = (
  context: Lowering,
  { operands: { dy }, results: { dx } }: NodeOf<"globalAveragePoolBackward">,
): void => {
  const layout = blocked(dx.shape);
  const from = context.read(dy);
  const pixels = context.dnnl.image([dy.shape[0], dy.shape[1], 1, 1], layout, context.typeOf(dy));
  const to = context.result(dx, layout);
  const geometry = { x: to.descriptor, y: pixels, ...wholeImage(dx.shape) };
  const primitive = context.describe({ kind: "pooling", algorithm: "average", pass: "backward", ...geometry });
  context.call(primitive, [
    ["dy", { ...from, descriptor: pixels }],
    ["dx", to],
  ]);
};
