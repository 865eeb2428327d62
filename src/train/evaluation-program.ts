// The network as evaluation and prediction run it: with running statistics folded into its convolutions, images in, logits out, for
// whatever sizes are asked. A service that is sent one image, then seven, then forty compiles a few programs, not one for each number.
import type { Precision } from "../base/dtype.ts";
import { invariant } from "../base/errors.ts";
import { elementCount, type ImageShape } from "../base/shape.ts";
import { type HostTensor, sharedZeros, tensor, zeros } from "../base/tensor.ts";
import type { Engine, Program, State } from "../engine/contract.ts";
import type { LogitsFor, LogitsOf } from "../evaluate/evaluate.ts";
import type { Logits } from "../evaluate/logits.ts";
import type { Graph } from "../graph/graph.ts";
import { buildGraph } from "../model/forward.ts";
import { foldBatchNorm } from "../passes/fold-batch-norm.ts";
import { foldGraph } from "../passes/fold-tensors.ts";
import { fuse } from "../passes/fuse.ts";
import { withPrecision } from "../passes/precision.ts";
import { type Quantization, quantizeAs } from "../passes/quantize/quantization.ts";
import { makePlan, type Plan } from "../plan/plan.ts";
import { stripCount, withStrips } from "../plan/strips.ts";
import type { ResNetSpec } from "../spec/spec.ts";
import { batchSizes } from "./batch-sizes.ts";
import { withResources } from "./resources.ts";

export interface EvaluationPrograms {
  /** For the first batch that is asked for, exactly; for others see batchSizes, with images of zeros in empty places. */
  readonly logitsFor: LogitsFor;
  dispose(): Promise<void>;
}

/** In what activations are computed, or how the network is quantised. */
export type Arithmetic = Precision | Quantization;

const isLogits = (output: HostTensor | undefined): output is Logits =>
  output !== undefined && (output.dtype === "f32" || output.dtype === "f64");

/** Images [batch, …input] to the logits `fc`, batch norm folded (in f32), activations in a precision, or quantised. Without an engine's fusions. */
export const evaluationGraph = (spec: ResNetSpec, batch: number, arithmetic: Arithmetic = "f32"): Graph => {
  const graph = buildGraph(spec, { mode: "evaluation", batch });
  if (typeof arithmetic !== "string") return quantizeAs(foldGraph(graph), arithmetic).graph;
  return withPrecision(foldBatchNorm(graph), arithmetic);
};

/**
 * Maps beyond this many bytes are cut into strips where they are bytes: additions to maps that a core's own cache (1 MiB) doesn't hold take
 * three times as long. Measured: docs/records/int8.md.
 */
const largestByteMap = 4 * 2 ** 20;

/**
 * That graph's plan for an engine, the first layers of large batches in strips. `mapBytes`: beyond so many maps are cut; what is fastest by
 * default.
 */
export const evaluationPlan = (
  { fusions }: Pick<Engine, "fusions">,
  spec: ResNetSpec,
  batch: number,
  arithmetic: Arithmetic = "f32",
  mapBytes = typeof arithmetic === "string" ? undefined : largestByteMap,
): Plan => {
  const planFor = (images: number): Plan => makePlan(fuse(evaluationGraph(spec, images, arithmetic), fusions));
  const plan = planFor(batch);
  const count = stripCount(plan, batch, mapBytes);
  return count === 1 ? plan : withStrips(plan, planFor(batch / count), count, mapBytes);
};

/**
 * Programs over a state that holds at least the network's parameters and running statistics; it may be one that trains. Activations
 * are f32 or bf16; images and logits f32 in any case. Of a quantised network the state holds its own tensors (train/calibrate.ts).
 */
export const evaluationPrograms = (
  engine: Engine,
  spec: ResNetSpec,
  state: State,
  arithmetic: Arithmetic = "f32",
): EvaluationPrograms => {
  const programs = new Map<string, Promise<Program>>();
  const keyOf = (shape: ImageShape): string => shape.join("×");
  const programFor = (shape: ImageShape): Promise<Program> => {
    const [batch, ...input] = shape;
    const known = programs.get(keyOf(shape));
    if (known !== undefined) return known;
    const compiled = engine.compile(evaluationPlan(engine, { ...spec, input }, batch, arithmetic), state);
    programs.set(keyOf(shape), compiled);
    compiled.catch(() => programs.delete(keyOf(shape))); // whoever asks next may have better luck
    return compiled;
  };
  /** Images of other heights and widths are another program's. */
  const firstBatches = new Map<string, number>();

  return {
    logitsFor: async (shape) => {
      const [images, ...input] = shape;
      const size = input.join("×");
      if (!firstBatches.has(size)) firstBatches.set(size, images);
      if (firstBatches.get(size) === images) return oneBatch(await programFor(shape));
      const batches = batchSizes(images);
      return severalBatches(shape, batches, await Promise.all(batches.map((batch) => programFor([batch, ...input]))));
    },
    dispose: async () => {
      const all = [...programs.values()];
      programs.clear();
      firstBatches.clear();
      const settled = await Promise.allSettled(all);
      await withResources(async (keep) => {
        for (const compiled of settled) if (compiled.status === "fulfilled") keep(compiled.value);
      });
    },
  };
};

const runOn = async (program: Program, images: HostTensor<"f32">): Promise<Logits> => {
  const { fc } = await program.run({ images }, "step");
  invariant(isLogits(fc), "an evaluation program gives logits");
  return fc;
};

const oneBatch =
  (program: Program): LogitsOf =>
  (images) =>
    runOn(program, images);

/** Runs the batches one after the other; the last may have empty places. */
const severalBatches = ([images, ...input]: ImageShape, batches: readonly number[], programs: readonly Program[]) => {
  const elements = elementCount(input);
  const tail = batches.at(-1) ?? 0;
  const padded = sharedZeros("f32", [tail, ...input]);
  let logits: HostTensor<"f32"> | null = null;
  const logitsOf: LogitsOf = async ({ data }) => {
    let first = 0;
    for (const [i, batch] of batches.entries()) {
      const program = programs[i];
      invariant(program !== undefined, "there is a program for every batch");
      const count = Math.min(batch, images - first);
      const part = data.subarray(first * elements, (first + count) * elements);
      if (count < batch) padded.data.set(part);
      // Shared memory crosses to the engine as it is; of other memory the whole array would be copied for every part.
      const whole = data.buffer instanceof SharedArrayBuffer ? part : part.slice();
      const given = count < batch ? padded : tensor("f32", [batch, ...input], whole);
      const made = await runOn(program, given);
      const classes = made.shape[1] ?? 0;
      logits ??= zeros("f32", [images, classes]);
      logits.data.set(made.data.subarray(0, count * classes), first * classes);
      first += count;
    }
    invariant(logits !== null, "there is at least one image");
    return logits;
  };
  return logitsOf;
};
