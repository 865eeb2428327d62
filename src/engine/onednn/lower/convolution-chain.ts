// A convolution with what follows it in one call: a bias for each filter, a residual addition, a relu. The addition is made in the
// memory of the other operand, the shortcut, where nobody needs that any more: by what it saves of the caches, whole networks are faster
// so (docs/records/memory-passes.md). Elsewhere, as in the training of a pre-activation net, the shortcut is read as the result is written.
import { UnsupportedError } from "../../../base/errors.ts";
import type { FusionLink, FusionRule } from "../../../graph/fusion-rule.ts";
import type { Node, NodeOf } from "../../../graph/ops.ts";
import type { Value } from "../../../graph/value.ts";
import type { PostOp } from "../dnnl.ts";
import type { Lowering } from "../lowering.ts";
import type { Physical } from "../physical.ts";
import { chooseImplementation, withEnding } from "./choose-convolution.ts";
import { readWeight } from "./convolution.ts";
import type { ConvolutionEnding, ConvolutionImplementation, ConvolutionLayer } from "./convolution-layer.ts";

const bias: FusionLink = { kind: "addBias", through: "x" };
const relu: FusionLink = { kind: "relu", through: "x" };
/** The branch is either operand of the addition. */
const sums: readonly FusionLink[] = [
  { kind: "add", through: "a" },
  { kind: "add", through: "b" },
];

/** What may follow, longest first: of two rules that match, the fusion pass takes the earlier. */
const endings: readonly (readonly FusionLink[])[] = [
  ...sums.map((sum) => [bias, sum, relu]),
  ...sums.map((sum) => [bias, sum]),
  ...sums.map((sum) => [sum, relu]),
  [bias, relu],
  [bias],
  ...sums.map((sum) => [sum]),
  [relu],
];

const nameOf = ({ kind, through }: FusionLink): string => (through === "b" ? `${kind}(b)` : kind);

export const convolutionChains: readonly FusionRule[] = endings.map((ending) => ({
  name: ["conv2d", ...ending.map(nameOf)].join("+"),
  links: [{ kind: "conv2d", through: null }, ...ending],
}));

interface Chain {
  readonly conv: NodeOf<"conv2d">;
  readonly bias: Value | null;
  readonly shortcut: Value | null;
  readonly relu: boolean;
  readonly y: Value;
}

const chainOf = (context: Lowering, [conv, ...rest]: readonly Node[]): Chain => {
  if (conv?.kind !== "conv2d") throw new UnsupportedError("onednn", context.where, "its body begins with no conv2d");
  let chain: Chain = { conv, bias: null, shortcut: null, relu: false, y: conv.results.y };
  for (const node of rest) {
    if (node.kind === "addBias") chain = { ...chain, bias: node.operands.bias, y: node.results.y };
    else if (node.kind === "relu") chain = { ...chain, relu: true, y: node.results.y };
    else if (node.kind === "add") {
      const { a, b } = node.operands;
      chain = { ...chain, shortcut: a.name === chain.y.name ? b : a, y: node.results.y };
    } else throw new UnsupportedError("onednn", context.where, `${node.kind} can't follow a convolution in one call`);
  }
  return chain;
};

export const convolutionChain = (context: Lowering, body: readonly Node[]): void => {
  const { conv, bias, shortcut, relu, y } = chainOf(context, body);
  const { x, weight } = conv.operands;
  const { params, results } = conv;
  const vector = bias && context.read(bias);
  const pass = context.inference ? "inference" : "training";
  const endingOf = (ending: ConvolutionEnding): ConvolutionEnding => ({
    ...(vector && { bias: vector.descriptor }),
    ...ending,
  });
  const layerWith = (ending: ConvolutionEnding): ConvolutionLayer => {
    const shapes = { x: x.shape, filter: weight.shape, y: results.y.shape };
    const given = { x: context.asIs(x) };
    return { pass, ...shapes, params, type: context.typeOf(x), ending: endingOf(ending), given };
  };
  const call = (chosen: ConvolutionImplementation, to: Physical, other?: Physical): void =>
    context.call(chosen.primitive, [
      ["x", context.read(x, chosen.layouts[0])],
      ["weight", readWeight(context, weight, chosen, params.groups)],
      ...(vector ? [["bias", vector] as const] : []),
      ...(other ? [["combined", other] as const] : []),
      ["y", to],
    ]);

  const last: PostOp = relu ? "relu" : "nothing";
  if (shortcut === null) {
    const convolution = chooseImplementation(context, layerWith({ postOp: last }));
    call(convolution, context.result(y, convolution.layouts[1]));
    return;
  }
  const summing = chooseImplementation(context, layerWith({ postOp: relu ? "accumulateRelu" : "accumulate" }));
  const { storage } = context.asIs(shortcut);
  // Not over the convolution's own operand, which it reads to the end.
  const free = storage !== context.asIs(x).storage;
  const inPlace = context.result(y, summing.layouts[1], free ? [shortcut] : []);
  if (inPlace.storage === storage) {
    call(summing, inPlace);
    return;
  }
  const layer = layerWith({});
  const convolution = chooseImplementation(context, layer);
  const to = context.result(y, convolution.layouts[1]);
  const other = context.read(shortcut, convolution.layouts[1]);
  const combination = { operation: "add", operand: other.descriptor } as const;
  const adding = withEnding(context, layer, convolution, endingOf({ combination, postOp: last }));
  if (adding !== null) {
    call(adding, to, other);
    return;
  }
  call(convolution, to);
  addInto(context, to, other, last);
};

/** to ← to + other, of the same layout. */
const addInto = (context: Lowering, to: Physical, other: Physical, postOp: PostOp): void => {
  const { descriptor } = to;
  const descriptors = { a: descriptor, b: other.descriptor, y: descriptor };
  const primitive = context.describe({ kind: "binary", operation: "add", ...descriptors, postOp });
  context.call(primitive, [
    ["x", to],
    ["x1", other],
    ["y", to],
  ]);
};
