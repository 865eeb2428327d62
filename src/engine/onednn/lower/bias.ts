// A bias for each channel of an image, and its gradient: the mean over each image's pixels, summed over images in this thread.
import type { ImageShape } from "../../../base/shape.ts";
import { padding } from "../../../graph/geometry.ts";
import type { NodeOf } from "../../../graph/ops.ts";
import type { Value } from "../../../graph/value.ts";
import type { ImageLayout } from "../dnnl.ts";
import type { Lowering } from "../lowering.ts";
import type { Physical } from "../physical.ts";

export const addBias = (context: Lowering, { operands: { x, bias }, results: { y } }: NodeOf<"addBias">): void => {
  const layout = context.imageLayoutOf(x);
  const from = context.read(x, layout);
  // One pixel: every layout of it is row-major. Given as x lies, there is fast code; as a plain vector, for blocks there is none.
  const vector = { ...context.read(bias), descriptor: context.dnnl.image([1, x.shape[1], 1, 1], layout) }; // f32, whatever x is
  const primitive = context.describe({
    kind: "binary",
    operation: "add",
    a: from.descriptor,
    b: vector.descriptor,
    y: from.descriptor,
    postOp: "nothing",
  });
  context.call(primitive, [
    ["x", from],
    ["x1", vector],
    ["y", context.result(y, layout, [x])],
  ]);
};

/** Means of bf16 images would be rounded to bf16. */
const inF32 = (context: Lowering, image: Value<ImageShape>, layout: ImageLayout): Physical => {
  const from = context.read(image, layout);
  if (image.dtype !== "bf16") return from;
  const copy = context.temporary("the gradient in f32", context.dnnl.image(image.shape, layout), image.shape, layout);
  context.reorder(from, copy);
  return copy;
};

/** (The library's reduction has fast code for the innermost axes only; its pooling has it for every layout.) */
export const sumPerChannel = (
  context: Lowering,
  { operands: { dy }, results: { dBias } }: NodeOf<"sumPerChannel">,
): void => {
  const [N, C, H, W] = dy.shape;
  const layout = context.imageLayoutOf(dy);
  const from = inF32(context, dy, layout);
  const pixels = context.dnnl.image([N, C, 1, 1], layout);
  const geometry = { kernel: [H, W], stride: [1, 1], padding: padding(0) } as const;
  const shapes = { x: from.descriptor, y: pixels };
  const primitive = context.describe({
    kind: "pooling",
    algorithm: "average",
    pass: "inference",
    ...shapes,
    ...geometry,
  });
  const means = context.temporary("mean of each image", pixels, [N, C]);
  context.call(primitive, [
    ["x", from],
    ["y", means],
  ]);
  context.script("sumPerChannel", [means, context.result(dBias)], ([mean, sum]) => {
    if (mean === undefined || sum === undefined) return;
    for (let c = 0; c < C; c++) {
      let total = 0;
      for (let n = 0; n < N; n++) total += mean[n * C + c]!;
      sum[c] = total * H * W;
    }
  });
};
