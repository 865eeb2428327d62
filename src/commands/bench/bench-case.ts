// The case that bench times: which graph, from which numbers. Synthetic and seeded; no accuracy on them means anything.
import { UsageError } from "../../base/errors.ts";
import { randomPurposes, randomStream } from "../../base/philox.ts";
import { type HostTensor, type NamedTensors, sharedZeros } from "../../base/tensor.ts";
import type { Graph } from "../../graph/graph.ts";
import { buildGraph } from "../../model/forward.ts";
import { initialTensors } from "../../model/initial-tensors.ts";
import { namedSpec } from "../../spec/named-networks.ts";
import type { ResNetSpec } from "../../spec/spec.ts";
import { type Arithmetic, evaluationGraph } from "../../train/evaluation-program.ts";
import { buildTrainingGraph } from "../../train/training-graph.ts";
import type { BenchOptions } from "./environment.ts";

export interface BenchCase {
  readonly spec: ResNetSpec;
  /** What is timed, without the engine's fusions: of a network that is evaluated, with batch norm folded. */
  readonly graph: Graph;
  /** What it should compute. */
  readonly definition: Graph;
}

/** The optimiser of every timed step: that of the scripts in bench/peers. */
const settings = {
  labelSmoothing: 0,
  optimizer: {
    kind: "sgd",
    momentum: 0.9,
    nesterov: false,
    weightDecay: 1e-4,
    decayBatchNorm: true,
    decayBias: true,
  },
} as const;
const learningRate = 0.01;

/** Throws UsageError for an unknown model, a number that is no count, and images that the network can't take. */
export const benchSpec = ({ model, image }: Pick<BenchOptions, "model" | "image">): ResNetSpec => {
  const spec = namedSpec(model);
  if (image === undefined) return spec;
  checkCount("image", image);
  return namedSpec(model, { input: [spec.input[0], image, image] });
};

export const checkCount = (name: string, value: number): void => {
  if (!Number.isInteger(value) || value < 1) {
    throw new UsageError(`bench: ${name} should be a whole number of at least 1 but is ${value}`);
  }
};

export const benchCase = (
  what: BenchOptions["what"],
  spec: ResNetSpec,
  batch: number,
  arithmetic: Arithmetic = "f32",
): BenchCase => {
  if (what === "infer") {
    return {
      spec,
      graph: evaluationGraph(spec, batch, arithmetic),
      definition: buildGraph(spec, { mode: "evaluation", batch }),
    };
  }
  if (typeof arithmetic !== "string") throw new UsageError("bench train: a quantised network doesn't learn");
  const { graph } = buildTrainingGraph(spec, { ...settings, dtype: arithmetic, batch });
  return { spec, graph, definition: graph };
};

/** One batch in shared memory: normal images, random labels, the peers' learning rate. */
export const benchInputs = ({ spec, graph }: BenchCase, seed: number): Readonly<Record<string, HostTensor>> => {
  const random = randomStream(seed, randomPurposes.synthetic);
  const numbers: Readonly<Record<string, () => number>> = {
    images: random.normal,
    labels: () => random.below(spec.classes),
    learningRate: () => learningRate,
    dropoutKey: random.uint32,
  };
  return Object.fromEntries(
    graph.inputs.map(({ name, dtype, shape }) => {
      const tensor = sharedZeros(dtype, shape);
      const next = numbers[name];
      if (next !== undefined) for (let i = 0; i < tensor.data.length; i++) tensor.data[i] = next();
      return [name, tensor];
    }),
  );
};

/** Fresh weights, velocities of zero. */
export const benchState = ({ spec, graph }: BenchCase, seed: number): NamedTensors => {
  const initial = initialTensors(spec, seed);
  return new Map(
    graph.states.map(({ name, dtype, shape }) => [name, initial.get(name) ?? sharedZeros(dtype, shape)] as const),
  );
};
