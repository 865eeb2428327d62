// Runs a step golden's case on an engine: evaluation, then one training step without an update, and compares.
import { allocate, type FloatDType } from "../../src/base/dtype.ts";
import { elementCount } from "../../src/base/shape.ts";
import { type HostTensor, type NamedTensors, tensor } from "../../src/base/tensor.ts";
import type { Engine, ProgramInputs } from "../../src/engine/contract.ts";
import { GraphBuilder } from "../../src/graph/builder.ts";
import { buildForward, buildGraph } from "../../src/model/forward.ts";
import { parameterTable } from "../../src/model/parameter-table.ts";
import { updateRunningStatistics } from "../../src/model/running-statistics.ts";
import { differentiate } from "../../src/passes/differentiate.ts";
import { fuse } from "../../src/passes/fuse.ts";
import { makePlan } from "../../src/plan/plan.ts";
import { type Comparison, compareNumber, compareTensor } from "./compare.ts";
import type { Digest } from "./fixtures.ts";
import { stateTensor, stepImages, stepLabels } from "./formula.ts";
import { type CompactDigest, type CompactDigests, type StepGolden, specOf } from "./step-fixtures.ts";
import { lossBound, type Tolerance } from "./tolerance.ts";

const as = <D extends FloatDType>(dtype: D, { shape, data }: HostTensor): HostTensor<D> => {
  const elements = allocate(dtype, elementCount(shape));
  elements.set(data);
  return tensor(dtype, shape, elements);
};

const digestOf = ([norm, sum, f32Error, f32MaxError, ...samples]: CompactDigest, actual: HostTensor): Digest => ({
  shape: actual.shape,
  norm,
  sum,
  f32Error,
  f32MaxError,
  samples,
});

/** Of some numbers, the middle one. */
const median = (numbers: readonly number[]): number => [...numbers].sort((a, b) => a - b)[numbers.length >> 1] ?? 0;

/**
 * Exactly the golden's tensors; `prefix` is that of their full names. A tensor of a few elements says little about f32's errors:
 * three runs may all have been lucky. So no tensor counts as more exact than the median of its group.
 */
const compareAll = (
  prefix: string,
  actual: NamedTensors,
  expected: CompactDigests,
  samples: number,
  tolerance: Tolerance,
): readonly Comparison[] => {
  const [ours, theirs] = [[...actual.keys()].sort().join(", "), Object.keys(expected).sort().join(", ")];
  if (ours !== theirs) throw new Error(`${prefix}: PyTorch has ${theirs}, and the engine ${ours}`);
  const usual = median(Object.values(expected).map(([, , f32Error]) => f32Error));
  return [...actual].flatMap(([name, found]) => {
    const digest = expected[name];
    if (!digest) return [];
    const whole = digestOf(digest, found);
    return compareTensor(`${prefix}.${name}`, found, whole, samples, tolerance, Math.max(whole.f32Error, usual));
  });
};

/** The comparisons of one case, by group. */
export const compareStep = async (
  engine: Engine,
  golden: StepGolden,
  dtype: FloatDType,
  safety: number,
): Promise<Readonly<Record<"evaluation" | "training" | "gradients" | "running", readonly Comparison[]>>> => {
  const { seed, batch, classes, input, closing } = golden.case;
  const { samples } = golden;
  const tolerance = { dtype, safety };
  const spec = specOf(golden);
  const table = parameterTable(spec);
  const images = as(dtype, stepImages(seed, 0, [batch, ...input]));
  const state = await engine.createState(
    new Map(
      table.map(({ name, shape }) => {
        const made = stateTensor(seed, name, shape, closing);
        return [name, dtype === "f32" ? made : as(dtype, made)];
      }),
    ),
  );
  try {
    const compile = async (graph: ReturnType<typeof buildGraph>) =>
      engine.compile(makePlan(fuse(graph, engine.fusions)), state);
    const evaluation = await compile(buildGraph(spec, { mode: "evaluation", batch, dtype }));
    const evaluated = (await evaluation.run({ images })).fc;
    if (!evaluated) throw new Error("the evaluation gave no logits");
    const compareLogits = (name: string, logits: HostTensor, expected: CompactDigest): readonly Comparison[] =>
      compareTensor(name, logits, digestOf(expected, logits), samples.logits, tolerance);
    const evaluationGroup = compareLogits("evaluationLogits", evaluated, golden.evaluationLogits);
    await evaluation.dispose();

    const forward = new GraphBuilder();
    const network = buildForward(forward, spec, { mode: "training", batch, dtype });
    const labels = forward.input("labels", "i32", [batch]);
    const { loss } = forward.add(
      "softmaxCrossEntropy",
      "loss",
      { logits: network.logits, labels },
      { labelSmoothing: 0 },
    );
    const { graph, gradients: all } = differentiate(forward.build(), loss, network.parameters);
    const gradients = network.parameters.flatMap(({ name }) => {
      const gradient = all.get(name);
      return gradient ? [[name, gradient] as const] : [];
    });
    const builder = GraphBuilder.from(graph);
    for (const value of [network.logits, loss, ...gradients.map(([, gradient]) => gradient)]) builder.output(value);
    updateRunningStatistics(builder, spec, network.batchStatistics);
    const training = await compile(builder.build());
    const inputs: ProgramInputs = { images, labels: stepLabels(seed, 0, batch, classes) };
    const key = tensor("i32", [2], Int32Array.of(seed, 0));
    const outputs = await training.run(network.dropoutKey === null ? inputs : { ...inputs, dropoutKey: key });
    const output = (name: string): HostTensor => {
      const found = outputs[name];
      if (!found) throw new Error(`the step gave no ${name}`);
      return found;
    };
    const logits = output(network.logits.name);
    const lossShare = compareNumber(
      "loss",
      output(loss.name).data[0] ?? Number.NaN,
      golden.loss,
      lossBound(golden.loss, digestOf(golden.logits, logits), tolerance),
    );
    const trainingGroup = [lossShare, ...compareLogits("logits", logits, golden.logits)];
    const found = new Map(gradients.map(([name, { name: result }]) => [name, output(result)]));
    const gradientGroup = compareAll("gradient", found, golden.gradients, samples.gradient, tolerance);
    const statistics = table.filter(({ role }) => role.startsWith("running")).map(({ name }) => name);
    const running = await state.read(statistics);
    await training.dispose();
    return {
      evaluation: evaluationGroup,
      training: trainingGroup,
      gradients: gradientGroup,
      running: compareAll("running", running, golden.running, samples.running, tolerance),
    };
  } finally {
    await state.dispose();
  }
};
