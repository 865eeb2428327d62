// Runs the case of a network's golden on an engine: evaluation, then some training steps, each on the batch of its number.
import { allocate, type FloatDType } from "../../src/base/dtype.ts";
import { elementCount } from "../../src/base/shape.ts";
import { type HostTensor, type NamedTensors, scalar, tensor, zeros } from "../../src/base/tensor.ts";
import type { Engine, ProgramInputs } from "../../src/engine/contract.ts";
import { buildGraph } from "../../src/model/forward.ts";
import { parameterTable } from "../../src/model/parameter-table.ts";
import { fuse } from "../../src/passes/fuse.ts";
import { makePlan } from "../../src/plan/plan.ts";
import { namedSpec } from "../../src/spec/named-networks.ts";
import type { NetworkGolden } from "./fixtures.ts";
import { stateTensor, stepImages, stepLabels } from "./formula.ts";
import { trainingGraph } from "./training-graph.ts";

/** What an engine makes of a golden's case; entries as in NetworkGolden. */
export interface NetworkRun {
  readonly evaluationLogits: HostTensor;
  /** One entry for each step that was run. */
  readonly path: readonly { readonly loss: number; readonly logits: HostTensor }[];
  readonly gradients: NamedTensors;
  readonly running: NamedTensors;
  /** After all steps, in f64 so that the difference of two weights is exact. */
  readonly changes: NamedTensors;
}

/** A copy in another element type; outputs of a program are valid until its next run only. */
const copyAs = <D extends FloatDType>(dtype: D, { shape, data }: HostTensor): HostTensor<D> => {
  const elements = allocate(dtype, elementCount(shape));
  elements.set(data);
  return tensor(dtype, shape, elements);
};

const found = <T>(tensors: ReadonlyMap<string, T>, name: string): T => {
  const value = tensors.get(name);
  if (value === undefined) throw new Error(`there is no tensor ${name}`);
  return value;
};

const difference = (after: HostTensor, before: HostTensor): HostTensor => {
  const result = zeros("f64", after.shape);
  for (let i = 0; i < result.data.length; i++) result.data[i] = after.data[i]! - before.data[i]!;
  return result;
};

export const runNetwork = async (
  engine: Engine,
  golden: NetworkGolden,
  dtype: FloatDType,
  steps: number,
): Promise<NetworkRun> => {
  const { model, seed, batch, image, classes, learningRate } = golden.case;
  const spec = namedSpec(model, { input: image, classes });
  const table = parameterTable(spec);
  const start = new Map(table.map(({ name, shape }) => [name, copyAs(dtype, stateTensor(seed, name, shape))]));
  const training = trainingGraph(spec, batch, dtype, golden.case, engine.fusions);
  const velocities = training.graph.states.flatMap(({ name, shape }) =>
    start.has(name) ? [] : [[name, zeros(dtype, shape)] as const],
  );
  const batchOf = (step: number): ProgramInputs => ({
    images: copyAs(dtype, stepImages(seed, step, [batch, ...image])),
    labels: stepLabels(seed, step, batch, classes),
    learningRate: scalar(dtype, learningRate),
  });

  const state = await engine.createState(new Map<string, HostTensor>([...start, ...velocities]));
  try {
    const evaluationGraph = fuse(buildGraph(spec, { mode: "evaluation", batch, dtype }), engine.fusions);
    const evaluation = await engine.compile(makePlan(evaluationGraph), state);
    const evaluated = await evaluation.run({ images: batchOf(0).images ?? zeros(dtype, []) });
    const evaluationLogits = copyAs("f64", found(new Map(Object.entries(evaluated)), "fc"));
    await evaluation.dispose();

    const program = await engine.compile(makePlan(training.graph), state);
    const path: { loss: number; logits: HostTensor }[] = [];
    let gradients: NamedTensors = new Map();
    let running: NamedTensors = new Map();
    for (let step = 0; step < steps; step++) {
      const outputs = new Map(Object.entries(await program.run(batchOf(step))));
      const loss = found(outputs, training.loss.name).data[0] ?? Number.NaN;
      path.push({ loss, logits: copyAs("f64", found(outputs, training.logits.name)) });
      if (step > 0) continue;
      gradients = new Map(
        [...training.gradients].map(([name, value]) => [name, copyAs("f64", found(outputs, value.name))]),
      );
      running = await state.read(table.filter(({ role }) => role.startsWith("running")).map(({ name }) => name));
    }
    await program.dispose();
    const learned = await state.read([...training.gradients.keys()]);
    const changes = new Map([...learned].map(([name, after]) => [name, difference(after, found(start, name))]));
    return { evaluationLogits, path, gradients, running, changes };
  } finally {
    await state.dispose();
  }
};
