// The whole training step as one graph: network, loss, gradients, running statistics, update, norms. Planned once; the trainer
// never sees an operation.
import { invariant } from "../base/errors.ts";
import type { FeatureShape, ScalarShape } from "../base/shape.ts";
import { GraphBuilder } from "../graph/builder.ts";
import type { Graph } from "../graph/graph.ts";
import type { Value } from "../graph/value.ts";
import { buildForward } from "../model/forward.ts";
import { headParameters } from "../model/fresh-head.ts";
import { parameterTable } from "../model/parameter-table.ts";
import { updateRunningStatistics } from "../model/running-statistics.ts";
import { accumulateGradients } from "../passes/accumulate-gradients.ts";
import { differentiate } from "../passes/differentiate.ts";
import { withPrecision } from "../passes/precision.ts";
import { addUpdate } from "../passes/update.ts";
import type { ParameterRole } from "../spec/parameters.ts";
import type { ResNetSpec } from "../spec/spec.ts";
import { type Freezing, frozenParts } from "./freezing.ts";
import { addLoss } from "./loss-nodes.ts";
import type { Optimizer, Recipe } from "./recipe.ts";

/**
 * Inputs: `images` [N, C, H, W], `labels` i32 [N] and, where something is dropped, `dropoutKey` i32 [2] for the part step;
 * `learningRate` [] and, where the optimiser counts, `updateNumber` [] for update, or `accumulationDecay` [] where gradients of
 * several batches are averaged. Outputs: loss and logits of step, three squared norms of measure (normOutputs).
 */
export interface TrainingGraph {
  readonly graph: Graph;
  /** The optimiser's graph, over states alone, where an update follows several batches; null where `graph` ends in the update. */
  readonly update: Graph | null;
  /** Mean over the batch, in nats, with label smoothing. */
  readonly loss: Value<ScalarShape>;
  readonly logits: Value<FeatureShape>;
  /** Outputs with the gradients of a batch, by parameter; empty where they aren't asked for. */
  readonly gradientOutputs: ReadonlyMap<string, string>;
  readonly usesDropout: boolean;
  /** Whether it has the inputs `partners` i32 [N] and `share` f32 [N]: of mixed images, and of targets for every class. */
  readonly takesShares: boolean;
}

/** What of a recipe shapes the graph; by default nothing is frozen. */
export type TrainingSettings = Pick<Recipe, "batch" | "dtype" | "optimizer" | "labelSmoothing"> &
  Partial<
    Freezing &
      Pick<
        Recipe,
        | "headRateFactor"
        | "clipGradients"
        | "accumulate"
        | "loss"
        | "mixing"
        | "stochasticDepth"
        | "histogramEveryEpochs"
      >
  >;

/** λ by what a parameter is for. */
const weightDecayRules: { readonly [R in ParameterRole]: (optimizer: Optimizer) => number } = {
  weight: ({ weightDecay }) => weightDecay,
  bias: ({ weightDecay, decayBias }) => (decayBias ? weightDecay : 0),
  scale: ({ weightDecay, decayBatchNorm }) => (decayBatchNorm ? weightDecay : 0),
  shift: ({ weightDecay, decayBatchNorm }) => (decayBatchNorm ? weightDecay : 0),
  runningMean: () => 0,
  runningVariance: () => 0,
};

/**
 * What is frozen has no backward nodes: only what learns is differentiated by, and what lies between it and the loss.
 * Throws UsageError where batch norm would take statistics over a single value, and where more is to be frozen than there is.
 */
export const buildTrainingGraph = (spec: ResNetSpec, settings: TrainingSettings): TrainingGraph => {
  const {
    batch,
    dtype,
    optimizer,
    labelSmoothing,
    freeze = "none",
    batchNorm = "train",
    headRateFactor = 1,
    clipGradients: clipping = null,
    accumulate = 1,
    loss: lossKind = { kind: "cross-entropy" },
    mixing = null,
    stochasticDepth = 0,
    histogramEveryEpochs = 0,
  } = settings;
  const { learns, fixedBatchNorms } = frozenParts(spec, { freeze, batchNorm });
  const builder = new GraphBuilder();
  const { logits, parameters, batchStatistics, dropoutKey } = buildForward(builder, spec, {
    mode: "training",
    batch,
    fixedBatchNorms,
    stochasticDepth,
  });
  const learning = parameters.filter(({ name }) => learns(name));
  const { loss, takesShares } = addLoss(builder, logits, { loss: lossKind, mixing, labelSmoothing });
  builder.output(loss);
  builder.output(logits);

  // Logits and loss are f32 whatever activations are, so they keep their names and types.
  const differentiated = differentiate(withPrecision(builder.build(), dtype), loss, learning);
  const withStatistics = GraphBuilder.from(differentiated.graph);
  updateRunningStatistics(withStatistics, spec, batchStatistics);
  const roles = new Map(parameterTable(spec).map(({ name, role }) => [name, role]));
  const head = headParameters(spec);
  const learned = learning.map((weight) => {
    const [gradient, role] = [differentiated.gradients.get(weight.name), roles.get(weight.name)];
    invariant(gradient && role, `${weight.name} has a gradient and a role`);
    const rateFactor = head.has(weight.name) ? headRateFactor : 1;
    // LARS and LAMB leave batch norm and biases at the schedule's rate (You et al. 2017, §5; timm's lars.py and lamb.py).
    return { weight, gradient, weightDecay: weightDecayRules[role](optimizer), rateFactor, adapts: role === "weight" };
  });
  const gradientOutputs = new Map<string, string>();
  for (const { weight, gradient } of histogramEveryEpochs > 0 ? learned : []) {
    withStatistics.output(gradient);
    gradientOutputs.set(weight.name, gradient.name);
  }
  const common = { loss, logits, gradientOutputs, usesDropout: dropoutKey !== null, takesShares };
  const options = { optimizer, clipping };
  if (accumulate === 1) {
    return { ...common, graph: addUpdate(withStatistics.build(), { ...options, parameters: learned }), update: null };
  }
  const { graph, parameters: accumulated } = accumulateGradients(withStatistics.build(), learned);
  const states = new GraphBuilder();
  for (const { weight, gradient } of accumulated) {
    states.state(weight.name, weight.dtype, weight.shape);
    states.state(gradient.name, gradient.dtype, gradient.shape);
  }
  return { ...common, graph, update: addUpdate(states.build(), { ...options, parameters: accumulated }) };
};
