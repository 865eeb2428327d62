// A convolution's gradient by its data with the addition that follows it, of the gradient that has arrived by the shortcut. The library's
// backward pass adds nothing to what it makes; where windows are of one pixel and no stride leaves any out, it is a forward pass with the
// weights transposed, and that reads the other gradient as it writes (docs/records/memory-passes.md):
//
//   dx[n, i, p, q] = Σₒ weight[o, i] · dy[n, o, p, q] + other[n, i, p, q]
import { UnsupportedError } from "../../../base/errors.ts";
import type { FilterShape } from "../../../base/shape.ts";
import type { FusionRule } from "../../../graph/fusion-rule.ts";
import type { Node, NodeOf } from "../../../graph/ops.ts";
import type { Lowering } from "../lowering.ts";
import { chooseImplementation, withEnding } from "./choose-convolution.ts";
import { chooseForm, formKey } from "./choose-form.ts";
import { conv2dBackwardData } from "./convolution.ts";
import { addInto } from "./convolution-chain.ts";
import type { ConvolutionImplementation, ConvolutionLayer } from "./convolution-layer.ts";

/** The convolution's gradient is either operand of the addition; of two, the one that is computed last, which is the block's first. */
export const backwardDataAdditions: readonly FusionRule[] = (["b", "a"] as const).map((through) => ({
  name: `conv2dBackwardData+add${through === "b" ? "(b)" : ""}`,
  links: [
    { kind: "conv2dBackwardData", through: null },
    { kind: "add", through },
  ],
}));

/** Windows of one pixel, over all pixels, of channels that fill blocks. */
const isForwardPass = ({
  operands: { dy, weight },
  params,
  results: { dx },
}: NodeOf<"conv2dBackwardData">): boolean => {
  const { stride, padding, groups } = params;
  const { top, left, bottom, right } = padding;
  return (
    groups === 1 &&
    [weight.shape[2], weight.shape[3], ...stride].every((pixels) => pixels === 1) &&
    [top, left, bottom, right].every((rows) => rows === 0) &&
    [dy.shape[1], dx.shape[1]].every((channels) => channels % 16 === 0)
  );
};

/** The code of the forward pass that adds, where it was measured to be faster than two calls; null elsewhere. */
const transposed = (
  context: Lowering,
  { operands: { dy, weight }, params, results: { dx } }: NodeOf<"conv2dBackwardData">,
): ConvolutionImplementation | null => {
  const { dnnl, options } = context;
  const { choices } = options;
  if (choices === undefined) return null;
  const [o, i, u, v] = weight.shape;
  const filter: FilterShape = [i, o, u, v];
  const type = context.typeOf(dy);
  const as = context.asIs(dy);
  const layer: ConvolutionLayer = {
    pass: "training",
    x: dy.shape,
    filter,
    y: dx.shape,
    params,
    type,
    given: { x: as },
  };
  const gradient: ConvolutionLayer = {
    ...{ pass: "backwardData", x: dx.shape, filter: weight.shape, y: dy.shape, params, type },
    given: { y: as },
  };
  const [forward, backward] = [chooseImplementation(context, layer), chooseImplementation(context, gradient)];
  if ([...forward.layouts, ...backward.layouts].some((layout) => layout !== "nChw16c")) return null;
  const [from, to] = [dnnl.image(dy.shape, "nChw16c", type), dnnl.image(dx.shape, "nChw16c", type)];
  const adding = withEnding(context, layer, forward, { combination: { operation: "add", operand: to } });
  const weights = [adding, backward].map((each) => each?.primitive.layoutOf("weight"));
  const [weightThere, weightBack] = weights;
  if (adding === null || !weightThere || !weightBack) return null;
  const addition = context.describe({ kind: "binary", operation: "add", a: to, b: to, y: to, postOp: "nothing" });
  const inTwoCalls = {
    name: `two calls: ${backward.primitive.implementation} + ${addition.implementation}`,
    milliseconds: (best: number) =>
      choices.scratch.time(
        backward.primitive,
        [
          ["dy", from],
          ["weight", weightBack],
          ["dx", to],
        ],
        best,
      ) +
      choices.scratch.time(
        addition,
        [
          ["x", to],
          ["x1", to],
          ["y", to],
        ],
        best,
      ),
  };
  const inOne = {
    name: `a forward pass that adds: ${adding.primitive.implementation}`,
    milliseconds: (best: number) =>
      choices.scratch.time(
        adding.primitive,
        [
          ["x", from],
          ["weight", weightThere],
          ["combined", to],
          ["y", to],
        ],
        best,
      ),
  };
  return (
    chooseForm(choices, formKey(choices.setting, "backwardData and addition", gradient), inTwoCalls, [inOne]) && adding
  );
};

export const backwardDataAddition = (context: Lowering, [conv, sum]: readonly Node[]): void => {
  if (conv?.kind !== "conv2dBackwardData" || sum?.kind !== "add")
    throw new UnsupportedError("onednn", context.where, "its body is not conv2dBackwardData, add");
  const { a, b } = sum.operands;
  const { dx } = conv.results;
  const shortcut = a.name === dx.name ? b : a;
  const result = { ...dx, name: sum.results.y.name };
  const adding = isForwardPass(conv) ? transposed(context, conv) : null;
  const layout = adding?.primitive.layoutOf("weight") ?? null;
  if (adding !== null && layout !== null) {
    const { dy, weight } = conv.operands;
    const [o, i, u, v] = weight.shape;
    const weights = context.readAs(weight, context.dnnl.permuted(layout, [1, 0, 2, 3]), "opaque", weight.shape);
    context.call(adding.primitive, [
      ["x", context.read(dy, "nChw16c")],
      ["weight", { ...weights, descriptor: layout, shape: [i, o, u, v] }],
      ["combined", context.read(shortcut, "nChw16c")],
      ["y", context.result(result, "nChw16c")],
    ]);
    return;
  }
  conv2dBackwardData(context, { ...conv, results: { dx: result } });
  const to = context.asIs(result);
  addInto(context, to, context.read(shortcut, context.imageLayoutOf(result)), "nothing");
};
