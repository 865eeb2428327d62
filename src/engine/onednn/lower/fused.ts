// The fusions that the engine has: which chains it computes as one, and how.
import { UnsupportedError } from "../../../base/errors.ts";
import type { FusionRule } from "../../../graph/fusion-rule.ts";
import type { Node, NodeOf, OpKind } from "../../../graph/ops.ts";
import type { Lowering } from "../lowering.ts";
import { batchNormBackward, batchNormBackwardRelu, batchNormInferenceRelu, batchNormTrainRelu } from "./batch-norm.ts";
import { convolutionChain, convolutionChains } from "./convolution-chain.ts";
import { addRelu, reluBackward } from "./elementwise.ts";

interface Fusion {
  readonly rule: FusionRule;
  lower(context: Lowering, body: readonly Node[]): void;
}

const isKind = <K extends OpKind>(node: Node | undefined, kind: K): node is Node & NodeOf<K> => node?.kind === kind;

/** A chain of two operations. */
const pair = <A extends OpKind, B extends OpKind>(
  first: A,
  second: B,
  through: string,
  lower: (context: Lowering, first: NodeOf<A>, second: NodeOf<B>) => void,
): Fusion => ({
  rule: {
    name: `${first}+${second}`,
    links: [
      { kind: first, through: null },
      { kind: second, through },
    ],
  },
  lower: (context, [a, b]) => {
    if (isKind(a, first) && isKind(b, second)) return lower(context, a, b);
    throw new UnsupportedError("onednn", context.where, `its body is not ${first}, ${second}`);
  },
});

const fusions: readonly Fusion[] = [
  ...convolutionChains.map((rule) => ({ rule, lower: convolutionChain })),
  pair("batchNormTrain", "relu", "x", batchNormTrainRelu),
  pair("batchNormInference", "relu", "x", batchNormInferenceRelu),
  pair("add", "relu", "x", addRelu),
  pair("reluBackward", "batchNormBackward", "dy", (context, relu, batchNorm) => {
    if (context.workspaces.has(relu.operands.y.name)) return batchNormBackwardRelu(context, relu, batchNorm);
    // The relu was not fused with the batch norm before it (another node reads between them): two calls.
    reluBackward(context, relu);
    return batchNormBackward(context, batchNorm);
  }),
];

export const fusionRules: readonly FusionRule[] = fusions.map(({ rule }) => rule);
export const fusedLowerings: ReadonlyMap<string, Fusion["lower"]> = new Map(
  fusions.map(({ rule, lower }) => [rule.name, lower]),
);
