// The graph of a whole training step, as a golden asks for it: made by the passes that the product uses, with every gradient kept.
import type { FloatDType } from "../../src/base/dtype.ts";
import { GraphBuilder } from "../../src/graph/builder.ts";
import type { FusionRule } from "../../src/graph/fusion-rule.ts";
import type { Graph } from "../../src/graph/graph.ts";
import type { Value } from "../../src/graph/value.ts";
import { buildForward } from "../../src/model/forward.ts";
import { updateRunningStatistics } from "../../src/model/running-statistics.ts";
import { differentiate } from "../../src/passes/differentiate.ts";
import { fuse } from "../../src/passes/fuse.ts";
import { addUpdate } from "../../src/passes/update.ts";
import type { ResNetSpec } from "../../src/spec/spec.ts";

export interface TrainingGraph {
  /** Inputs `images`, `labels` and `learningRate`; the states are parameters, running statistics and velocities. */
  readonly graph: Graph;
  readonly logits: Value;
  readonly loss: Value;
  /** By parameter; outputs of the graph. */
  readonly gradients: ReadonlyMap<string, Value>;
}

export interface SgdOptions {
  readonly momentum: number;
  /** Of every parameter, batch norm and biases included: as torch.optim.SGD has it by default. */
  readonly weightDecay: number;
}

export const trainingGraph = (
  spec: ResNetSpec,
  batch: number,
  dtype: FloatDType,
  { momentum, weightDecay }: SgdOptions,
  fusions: readonly FusionRule[],
): TrainingGraph => {
  const forward = new GraphBuilder();
  const { logits, parameters, batchStatistics } = buildForward(forward, spec, { mode: "training", batch, dtype });
  const labels = forward.input("labels", "i32", [batch]);
  const { loss } = forward.add("softmaxCrossEntropy", "loss", { logits, labels }, { labelSmoothing: 0 });
  const differentiated = differentiate(forward.build(), loss, parameters);

  const builder = GraphBuilder.from(differentiated.graph);
  updateRunningStatistics(builder, spec, batchStatistics);
  const learned = parameters.map((weight) => {
    const gradient = differentiated.gradients.get(weight.name);
    if (!gradient) throw new Error(`${weight.name} has no gradient`);
    return { weight, gradient, weightDecay };
  });
  const gradients = new Map(learned.map(({ weight, gradient }) => [weight.name, gradient]));
  for (const value of [logits, loss, ...gradients.values()]) builder.output(value);
  const updated = addUpdate(builder.build(), {
    parameters: learned,
    optimizer: { kind: "sgd", momentum, nesterov: false },
  });
  return { graph: fuse(updated, fusions), logits, loss, gradients };
};
