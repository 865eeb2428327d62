// The numbers that a case is checked with: not those of a fresh network, which hide mistakes or drown them in roundings, but such
// as a training leaves behind.
import { allocate } from "../../base/dtype.ts";
import { type RandomStream, randomPurposes, randomStream } from "../../base/philox.ts";
import type { HostTensor, NamedTensors } from "../../base/tensor.ts";
import type { Graph } from "../../graph/graph.ts";
import { type BenchCase, benchInputs, benchState } from "./bench-case.ts";

/**
 * The scale of the last batch norm of each residual branch. A fresh ResNet-50 on a batch of 2 turns roundings into percents of
 * its gradients; with small branches it is well conditioned, as a trained network is.
 */
const branchScale = 0.2;

/** One number of a tensor. */
type Draw = (random: RandomStream) => number;
const small: Draw = ({ normal }) => 0.1 * normal();
/** From 0.5 to 2. */
const aroundOne: Draw = ({ uniform }) => 0.5 + 1.5 * uniform();

/**
 * The tensors of a case, with the scales that close a residual branch at 0.2 and, where running statistics are used, with such
 * as folding has to get right: in a fresh network shifts, means and biases are 0 and variances 1, so that it may leave them out.
 * `state`: the fresh network's, where the caller has it.
 */
export const conditionedTensors = (each: BenchCase, seed: number, state = benchState(each, seed)): NamedTensors => {
  const random = randomStream(seed, randomPurposes.synthetic, 1); // stream 0 draws the inputs
  const draws = new Map([...statisticsOf(each.definition), ...branchScalesOf(each.definition)]);
  return new Map(
    [...state, ...Object.entries(benchInputs(each, seed))].map(([name, tensor]) => {
      const draw = draws.get(name);
      return [name, draw === undefined ? tensor : drawn(tensor, () => draw(random))] as const;
    }),
  );
};

const drawn = ({ dtype, shape, data }: HostTensor, next: () => number): HostTensor => {
  const elements = allocate(dtype, data.length);
  for (let i = 0; i < elements.length; i++) elements[i] = next();
  return { dtype, shape, data: elements };
};

/** By name, what batch norms that use running statistics add and divide by, and the biases of convolutions. */
const statisticsOf = ({ nodes }: Graph): readonly (readonly [name: string, Draw])[] =>
  nodes.flatMap((node): readonly (readonly [string, Draw])[] => {
    if (node.kind === "addBias") return [[node.operands.bias.name, small]];
    if (node.kind !== "batchNormInference") return [];
    const { shift, mean, variance } = node.operands;
    return [
      [shift.name, small],
      [mean.name, small],
      [variance.name, aroundOne],
    ];
  });

/** By name, the scales of batch norms whose result is the first operand of a residual addition. */
const branchScalesOf = ({ nodes }: Graph): readonly (readonly [name: string, Draw])[] => {
  const branches = new Set(nodes.flatMap((node) => (node.kind === "add" ? [node.operands.a.name] : [])));
  return nodes.flatMap((node) =>
    (node.kind === "batchNormTrain" || node.kind === "batchNormInference") && branches.has(node.results.y.name)
      ? [[node.operands.scale.name, () => branchScale] as const]
      : [],
  );
};
