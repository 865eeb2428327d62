// The parts of shortcuts without parameters: fewer or more pixels, more channels. Subsampling is average pooling with a window of
// one pixel, whose backward pass fills the gaps with zeros; padding is concatenation with zeros.
import { padding } from "../../../graph/geometry.ts";
import type { NodeOf } from "../../../graph/ops.ts";
import type { ImageLayout } from "../dnnl.ts";
import type { Lowering } from "../lowering.ts";
import { constantOf } from "./constant.ts";

const onePixel = { kernel: [1, 1], padding: padding(0) } as const;

/** Blocks of 16 channels can be put together and taken apart only whole. */
const unlessCut = (layout: ImageLayout, ...channels: readonly number[]): ImageLayout =>
  layout === "nChw16c" && channels.some((count) => count % 16 !== 0) ? "nhwc" : layout;

export const subsample = (
  context: Lowering,
  { operands: { x }, params, results: { y } }: NodeOf<"subsample">,
): void => {
  const layout = context.imageLayoutOf(x);
  const from = context.read(x, layout);
  const to = context.result(y, layout);
  const geometry = { x: from.descriptor, y: to.descriptor, stride: params.stride, ...onePixel };
  const primitive = context.describe({ kind: "pooling", algorithm: "average", pass: "inference", ...geometry });
  context.call(primitive, [
    ["x", from],
    ["y", to],
  ]);
};

export const subsampleBackward = (
  context: Lowering,
  { operands: { dy }, params, results: { dx } }: NodeOf<"subsampleBackward">,
): void => {
  const layout = context.imageLayoutOf(dy);
  const from = context.read(dy, layout);
  const to = context.result(dx, layout);
  const geometry = { x: to.descriptor, y: from.descriptor, stride: params.stride, ...onePixel };
  const primitive = context.describe({ kind: "pooling", algorithm: "average", pass: "backward", ...geometry });
  context.call(primitive, [
    ["dy", from],
    ["dx", to],
  ]);
};

export const padChannels = (
  context: Lowering,
  { operands: { x }, params, results: { y } }: NodeOf<"padChannels">,
): void => {
  const [n, c, h, w] = x.shape;
  const layout = unlessCut(context.imageLayoutOf(x), params.before, c, params.after);
  const zeros = (channels: number) =>
    channels === 0 ? [] : [constantOf(context, 0, { shape: [n, channels, h, w], dtype: y.dtype }, layout)];
  const sources = [...zeros(params.before), context.read(x, layout), ...zeros(params.after)];
  const to = context.result(y, layout);
  const descriptors = { sources: sources.map(({ descriptor }) => descriptor), y: to.descriptor };
  const primitive = context.describe({ kind: "concatenation", axis: 1, ...descriptors });
  context.call(primitive, [...sources.map((physical, source) => [{ source }, physical] as const), ["y", to]]);
};

export const sliceChannels = (
  context: Lowering,
  { operands: { x }, params, results: { y } }: NodeOf<"sliceChannels">,
): void => {
  const layout = unlessCut(context.imageLayoutOf(x), params.start, params.count);
  const from = context.read(x, layout);
  const part = context.dnnl.part(from.descriptor, y.shape, [0, params.start, 0, 0], context.where);
  context.reorder({ ...from, descriptor: part, shape: y.shape }, context.result(y, layout));
};

/** Zeros everywhere, and then the map into its corner. */
export const extendMap = (context: Lowering, { operands: { x }, results: { y } }: NodeOf<"extendMap">): void => {
  const layout = context.imageLayoutOf(x);
  const from = context.read(x, layout);
  const zeros = constantOf(context, 0, y, layout);
  const to = context.result(y, layout);
  context.reorder(zeros, to);
  const part = context.dnnl.part(to.descriptor, x.shape, [0, 0, 0, 0], context.where);
  context.reorder(from, { ...to, descriptor: part, shape: x.shape });
};

export const cropMap = (context: Lowering, { operands: { x }, results: { y } }: NodeOf<"cropMap">): void => {
  const layout = context.imageLayoutOf(x);
  const from = context.read(x, layout);
  const part = context.dnnl.part(from.descriptor, y.shape, [0, 0, 0, 0], context.where);
  context.reorder({ ...from, descriptor: part, shape: y.shape }, context.result(y, layout));
};
