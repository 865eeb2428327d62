// Batch norms that follow a convolution, folded into it:
//   s · (W·x + b − mean) + shift = (s·W)·x + (s · (b − mean) + shift),   s = scale / √(variance + ε)
// in f64, rounded to f32 once. Those that no convolution comes before (pre-activation) stay.
import { fullTypes } from "../base/dtype.ts";
import { invariant } from "../base/errors.ts";
import { type HostTensor, type NamedTensors, tensor } from "../base/tensor.ts";
import { GraphBuilder } from "../graph/builder.ts";
import { type Graph, operandsOf, resultsOf } from "../graph/graph.ts";
import type { Node, NodeOf } from "../graph/ops.ts";
import type { Value } from "../graph/value.ts";
import { type Folding, findFoldings } from "./fold-batch-norm.ts";

/** The batch norms that can be folded, by name. */
export const foldables = (graph: Graph): ReadonlyMap<string, Folding> =>
  new Map(findFoldings(graph).map((folding) => [folding.norm.name, folding]));

/** The bias that a folded convolution has: torchvision's name for it, whether it had one before or not. */
export const biasNameOf = (weight: string): string => weight.replace(/\.weight$/, ".bias");

export const biasName = ({ conv }: Folding): string => biasNameOf(conv.operands.weight.name);

const foldPair = (pair: Folding, tensors: NamedTensors): readonly (readonly [string, HostTensor])[] => {
  const { conv, bias: biasing, norm } = pair;
  const elements = ({ name }: Value): HostTensor["data"] => {
    const found = tensors.get(name);
    invariant(found, `no tensor ${name}`);
    return found.data;
  };
  const { scale, shift, mean, variance } = norm.operands;
  const [scales, shifts, means, variances] = [elements(scale), elements(shift), elements(mean), elements(variance)];
  const before = biasing ? elements(biasing.operands.bias) : null;
  const filters = elements(conv.operands.weight); // [O, C / groups, U, V]
  const [O] = conv.operands.weight.shape;
  const filterLength = filters.length / O;
  const [weight, bias] = [new Float32Array(filters.length), new Float32Array(O)];
  for (let o = 0; o < O; o++) {
    const s = scales[o]! / Math.sqrt(variances[o]! + norm.params.epsilon);
    for (let i = o * filterLength; i < (o + 1) * filterLength; i++) weight[i] = s * filters[i]!;
    bias[o] = s * ((before?.[o] ?? 0) - means[o]!) + shifts[o]!;
  }
  return [
    [conv.operands.weight.name, tensor("f32", conv.operands.weight.shape, weight)],
    [biasName(pair), tensor("f32", [O], bias)],
  ];
};

/** The tensors of the folded graph: folded filters and biases in the place of theirs, the others as they are. */
export const foldTensors = (graph: Graph, tensors: NamedTensors): NamedTensors =>
  new Map([...tensors, ...[...foldables(graph).values()].flatMap((pair) => foldPair(pair, tensors))]);

/**
 * The graph without the batch norms that can be folded. Each of them becomes the addition of the convolution's bias, and keeps its
 * name and its result; filters keep theirs.
 */
export const foldGraph = (graph: Graph): Graph => {
  const pairs = foldables(graph);
  const dropped = new Set([...pairs.values()].flatMap(({ bias }) => (bias ? [bias.name] : [])));
  const builder = new GraphBuilder();
  for (const { name, dtype, shape } of graph.inputs) builder.input(name, dtype, shape);
  const made = new Set(graph.inputs.map(({ name }) => name));
  for (const node of graph.nodes) {
    if (dropped.has(node.name)) continue;
    const pair = pairs.get(node.name);
    const next: Node = pair ? biasingOf(pair) : node;
    for (const [, { name, dtype, shape }] of operandsOf(next)) {
      if (!made.has(name)) builder.state(name, fullTypes[dtype], shape); // a tensor, at its first reader
      made.add(name);
    }
    for (const [, { name }] of resultsOf(next)) made.add(name);
    builder.append(next);
  }
  for (const value of graph.outputs) builder.output(value);
  return builder.build();
};

const biasingOf = (pair: Folding): NodeOf<"addBias"> => {
  const { conv, norm } = pair;
  const bias = { name: biasName(pair), dtype: norm.results.y.dtype, shape: [conv.operands.weight.shape[0]] } as const;
  const { name, part, results } = norm;
  return { kind: "addBias", name, part, operands: { x: conv.results.y, bias }, params: {}, results };
};
