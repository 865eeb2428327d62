// Convolutions over bytes with all that follows them, in one call. The residual addition is made in the memory of the shortcut, where
// nobody needs that any more; both lie channels-last, a byte (or an f32) for each.
import { UnsupportedError } from "../../../base/errors.ts";
import type { NodeOf } from "../../../graph/ops.ts";
import type { Requantization } from "../dnnl.ts";
import type { Lowering } from "../lowering.ts";
import type { Physical } from "../physical.ts";
import { readWeight } from "./convolution.ts";
import { nativeFilter } from "./convolution-layer.ts";

type QuantizedConvolution = NodeOf<"quantizedConv2d">;

/** Bytes are summed by one kind of code only, and that wants images channels-last. */
const layout = "nhwc";

const describe = (context: Lowering, { operands, params, results }: QuantizedConvolution) => {
  const { dnnl } = context;
  const { x, weight, bias, shortcut } = operands;
  const type = shortcut && context.typeOf(shortcut);
  if (type === "bf16" || type === "i32") throw new UnsupportedError("onednn", context.where, `no shortcut is ${type}`);
  const requantization: Requantization = {
    factors: params.factors,
    relu: params.relu,
    ...(type && { accumulate: { scale: params.shortcutFactor, type } }),
  };
  return context.describe({
    kind: "convolution",
    algorithm: "direct",
    pass: "inference",
    x: dnnl.image(x.shape, layout, context.typeOf(x)),
    weight: dnnl.any(nativeFilter(weight.shape, params.groups), context.typeOf(weight)),
    bias: dnnl.plain(bias.shape),
    y: dnnl.image(results.y.shape, layout, params.result),
    stride: params.stride,
    padding: params.padding,
    requantization,
  });
};

/** Memory of the result that holds the shortcut: the shortcut's own, or a copy. */
const overShortcut = (context: Lowering, { operands, params, results }: QuantizedConvolution): Physical => {
  const { x, shortcut } = operands;
  if (shortcut === undefined) return context.result(results.y, layout);
  const from = context.read(shortcut, layout);
  // Not over the convolution's own operand, which it reads to the end.
  const free = from.storage !== context.asIs(x).storage;
  const held = context.result({ ...results.y, dtype: shortcut.dtype }, layout, free ? [shortcut] : []);
  if (held.storage !== from.storage) context.reorder(from, held, `${context.where} (copy of ${shortcut.name})`);
  // The same bytes, as another type perhaps.
  const descriptor = context.dnnl.image(results.y.shape, layout, params.result);
  const to: Physical = { ...held, descriptor, dtype: params.result };
  context.define(results.y, to);
  return to;
};

export const quantizedConv2d = (context: Lowering, node: QuantizedConvolution): void => {
  const { x, weight, bias } = node.operands;
  const primitive = describe(context, node);
  const to = overShortcut(context, node);
  context.call(primitive, [
    ["x", context.read(x, layout)],
    ["weight", readWeight(context, weight, { primitive }, node.params.groups)],
    ["bias", context.read(bias)],
    ["y", to],
  ]);
};
