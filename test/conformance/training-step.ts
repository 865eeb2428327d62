// A whole training step of a network as one graph, with everything it needs: what engines are compared on.
import type { FloatDType, Precision } from "../../src/base/dtype.ts";
import { randomPurposes, randomStream } from "../../src/base/philox.ts";
import { elementCount } from "../../src/base/shape.ts";
import { type HostTensor, type NamedTensors, scalar, tensor, zeros } from "../../src/base/tensor.ts";
import { GraphBuilder } from "../../src/graph/builder.ts";
import type { Graph } from "../../src/graph/graph.ts";
import { buildForward } from "../../src/model/forward.ts";
import { initialTensors } from "../../src/model/initial-tensors.ts";
import { updateRunningStatistics } from "../../src/model/running-statistics.ts";
import { differentiate } from "../../src/passes/differentiate.ts";
import { withPrecision } from "../../src/passes/precision.ts";
import { addUpdate, learningRateInput } from "../../src/passes/update.ts";
import type { ResNetSpec } from "../../src/spec/spec.ts";
import type { FrozenParts } from "../../src/train/freezing.ts";

export interface TrainingStep {
  readonly graph: Graph;
  /** Inputs and states by name. */
  readonly tensors: NamedTensors;
}

/**
 * Forward, loss, gradients, running statistics and a step of SGD with momentum, Nesterov and weight decay, for `batch` images of
 * normal noise. Logits, loss, every gradient and the norms are outputs. What is `frozen` has no gradient and no update; the head
 * then learns ten times as fast as the rest.
 */
export const trainingStep = (
  spec: ResNetSpec,
  batch: number,
  dtype: FloatDType = "f32",
  frozen: FrozenParts | null = null,
  precision: Precision = "f32",
): TrainingStep => {
  const builder = new GraphBuilder();
  const options = {
    mode: "training",
    batch,
    dtype,
    ...(frozen && { fixedBatchNorms: frozen.fixedBatchNorms }),
  } as const;
  const { logits, parameters, batchStatistics } = buildForward(builder, spec, options);
  const learning = parameters.filter(({ name }) => frozen === null || frozen.learns(name));
  const labels = builder.input("labels", "i32", [batch]);
  const { loss } = builder.add("softmaxCrossEntropy", "loss", { logits, labels }, { labelSmoothing: 0.1 });
  const { graph: differentiated, gradients } = differentiate(withPrecision(builder.build(), precision), loss, learning);

  const withStatistics = GraphBuilder.from(differentiated);
  for (const value of [logits, loss]) withStatistics.output(value);
  const learned = learning.map((weight) => {
    const gradient = gradients.get(weight.name);
    if (gradient === undefined) throw new Error(`no gradient by ${weight.name}`);
    withStatistics.output(gradient);
    const rateFactor = frozen !== null && weight.name.startsWith("fc.") ? 10 : 1;
    return { weight, gradient, weightDecay: 5e-4, rateFactor };
  });
  updateRunningStatistics(withStatistics, spec, batchStatistics);
  const graph = addUpdate(withStatistics.build(), {
    parameters: learned,
    optimizer: { kind: "sgd", momentum: 0.9, nesterov: true },
  });
  return { graph, tensors: tensorsFor(graph, spec) };
};

/** Initial values for the network, zeros for other states, noise for images. */
const tensorsFor = (graph: Graph, spec: ResNetSpec): NamedTensors => {
  const random = randomStream(5, randomPurposes.synthetic);
  const initial = initialTensors(spec, 1);
  const state = ({ name, dtype, shape }: Graph["states"][number]): HostTensor => {
    const values = zeros(dtype, shape);
    values.data.set(initial.get(name)?.data ?? []);
    return values;
  };
  const input = ({ name, dtype, shape }: Graph["inputs"][number]): HostTensor => {
    if (name === learningRateInput) return scalar(dtype, 0.125);
    const n = elementCount(shape);
    if (dtype === "i32")
      return tensor(
        "i32",
        shape,
        Int32Array.from({ length: n }, () => random.below(spec.classes)),
      );
    const values = zeros(dtype, shape);
    for (let i = 0; i < n; i++) values.data[i] = Math.fround(random.normal());
    return values;
  };
  return new Map([
    ...graph.states.map((value) => [value.name, state(value)] as const),
    ...graph.inputs.map((value) => [value.name, input(value)] as const),
  ]);
};
