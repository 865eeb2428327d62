// How fast a training will go, measured over a few steps on empty images, with weights that are thrown away.
import { invariant } from "../../base/errors.ts";
import { sharedZeros } from "../../base/tensor.ts";
import type { Engine, NodeImplementation } from "../../engine/contract.ts";
import { initialTensors } from "../../model/initial-tensors.ts";
import { fuse } from "../../passes/fuse.ts";
import { updateNumberInput } from "../../passes/update.ts";
import { makePlan } from "../../plan/plan.ts";
import { countMacs } from "../../spec/counts.ts";
import type { ResNetSpec } from "../../spec/spec.ts";
import { startingState } from "../../train/checkpoint.ts";
import type { RateOf } from "../../train/estimate.ts";
import type { Recipe } from "../../train/recipe.ts";
import { largestStage, type SizeStage, sizeStages } from "../../train/size-stages.ts";
import { buildTrainingGraph } from "../../train/training-graph.ts";
import { slowCodeNotice } from "../bench/slow-code.ts";
import type { Preparation } from "./preparation.ts";

export interface Rate {
  /** Null where measuring would take long. */
  readonly imagesPerSecond: number | null;
  /** What computes each node of the training step; empty where nothing was compiled. */
  readonly implementations: readonly NodeImplementation[];
  /** One sentence on the nodes that run by reference code or by gemm; null where there is none. */
  readonly slowCode: string | null;
}

/** After a first step that warms up, steps are taken until this is over, at least one and at most `mostSteps`. */
const measuredMs = 1000;
const mostSteps = 10;
/** The reference engine's time is proportional to the images, so two will do; beyond this many multiply-accumulates not even they. */
const referenceBatch = 2;
const referenceMostMacs = 1e8;

/**
 * The rates at all sizes of a training's images, and that at the largest with what is known of its program. So all choices of
 * convolutions are made before a run begins, and are among those that it keeps.
 */
export const measureRates = async (
  engine: Engine,
  { spec, recipe, preprocessing }: Pick<Preparation, "spec" | "recipe" | "preprocessing">,
  monotonicMs: () => number,
): Promise<{ readonly largest: Rate; readonly rateOf: RateOf }> => {
  const stages = sizeStages(recipe, spec, preprocessing);
  const rates = new Map<string, Rate>();
  const keyOf = ({ preprocessing: { size } }: SizeStage): string => size.join("×");
  for (const stage of stages) {
    if (!rates.has(keyOf(stage))) rates.set(keyOf(stage), await measureRate(engine, stage.spec, recipe, monotonicMs));
  }
  const largest = rates.get(keyOf(largestStage(stages)));
  invariant(largest !== undefined, "every stage has its rate");
  return { largest, rateOf: (stage) => rates.get(keyOf(stage))?.imagesPerSecond ?? null };
};

/** Costs a compilation and about a second. */
const measureRate = async (
  engine: Engine,
  spec: ResNetSpec,
  recipe: Recipe,
  monotonicMs: () => number,
): Promise<Rate> => {
  const isReference = engine.name === "reference";
  if (isReference && countMacs(spec) > referenceMostMacs) {
    return { imagesPerSecond: null, implementations: [], slowCode: null };
  }
  const batch = isReference ? Math.min(referenceBatch, recipe.batch) : recipe.batch;
  // Of several batches for an update, each takes a forward and a backward pass; the optimiser weighs little.
  const { graph } = buildTrainingGraph(spec, { ...recipe, batch, accumulate: 1 });
  const state = await engine.createState(startingState([graph], spec, initialTensors(spec, 0), null));
  try {
    const program = await engine.compile(makePlan(fuse(graph, engine.fusions)), state);
    try {
      const inputs = Object.fromEntries(
        graph.inputs.map(({ name, dtype, shape }) => [name, sharedZeros(dtype, shape)] as const),
      );
      inputs[updateNumberInput]?.data.fill(1); // there is no update 0
      if (!isReference) await program.run(inputs);
      const start = monotonicMs();
      let [steps, milliseconds] = [0, 0];
      while (steps === 0 || (milliseconds < measuredMs && steps < mostSteps)) {
        await program.run(inputs);
        steps++;
        milliseconds = monotonicMs() - start;
      }
      const { implementations } = program;
      const slowCode = slowCodeNotice(implementations, graph.nodes)?.message ?? null;
      return { imagesPerSecond: (1000 * steps * batch) / milliseconds, implementations, slowCode };
    } finally {
      await program.dispose();
    }
  } finally {
    await state.dispose();
  }
};
