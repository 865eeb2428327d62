// Stochastic depth: a factor for each image, drawn in this thread, which the library multiplies by. Images are the outermost axis of
// every layout, so a map is seen as N rows, in whatever order each row's elements lie.
import { philox4x32, randomPurposes } from "../../../base/philox.ts";
import type { NodeOf } from "../../../graph/ops.ts";
import type { Lowering } from "../lowering.ts";

const elementBytes = { f32: 4, bf16: 2 } as const;

export const stochasticDepth = (
  context: Lowering,
  { operands: { x, key }, params: { rate, stream }, results: { y } }: NodeOf<"stochasticDepth">,
): void => {
  const images = x.shape[0] ?? 1;
  const layout = context.imageLayoutOf(x);
  const from = context.read(x, layout);
  const type = context.typeOf(x);
  const row = from.descriptor.bytes / (type === "bf16" ? elementBytes.bf16 : elementBytes.f32) / images;
  const rows = context.dnnl.plain([1, images, row], type);
  const column = context.dnnl.plain([1, images, 1]);
  const factors = context.temporary("factors", column, [images], "plain");
  context.script("stochasticDepth", [context.read(key), factors], ([seed, factor]) => {
    if (seed === undefined || factor === undefined) return;
    for (let n = 0; n < images; n++) {
      const counter = [Math.floor(n / 4), 0, stream, seed[1]!] as const;
      const number = philox4x32([seed[0]!, randomPurposes.stochasticDepth], counter)[n % 4]!;
      factor[n] = number < rate * 2 ** 32 ? 0 : 1 / (1 - rate);
    }
  });
  const to = context.result(y, layout, [x]);
  const primitive = context.describe({
    kind: "binary",
    operation: "multiply",
    a: rows,
    b: column,
    y: rows,
    postOp: "nothing",
  });
  context.call(primitive, [
    ["x", { ...from, descriptor: rows }],
    ["x1", factors],
    ["y", { ...to, descriptor: rows }],
  ]);
};
