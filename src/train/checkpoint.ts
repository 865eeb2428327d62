// A training at rest: everything that it goes on from, as data. Which files hold it is the run directory's business.
import { UsageError } from "../base/errors.ts";
import { formatShape, sameShape } from "../base/shape.ts";
import { type NamedTensors, zeros } from "../base/tensor.ts";
import type { Graph } from "../graph/graph.ts";
import { matchTensors } from "../model/match-tensors.ts";
import { parameterTable } from "../model/parameter-table.ts";
import { isAccumulated } from "../passes/accumulate-gradients.ts";
import type { ResNetSpec } from "../spec/spec.ts";
import { type LossCourse, lossCourseAtRest, startingLossCourse } from "./loss-policy.ts";
import type { Recipe } from "./recipe.ts";
import type { Training } from "./training.ts";
import { startingCourse, type ValidationCourse } from "./validation-course.ts";
import { averageName, holdsRaw, placeAtRest, toRest } from "./weight-average.ts";

export interface TrainingCheckpoint {
  /** Training steps done. */
  readonly step: number;
  /** Epochs done, their validation included. */
  readonly epoch: number;
  /** Parameters and running statistics, under torchvision's names; their moving averages, where the recipe averages weights. */
  readonly model: NamedTensors;
  /** `spec`, `classes` and `preprocessing` as JSON texts: with them the model alone is enough to predict. `weights` says "moving average" of averages. */
  readonly modelMetadata: Readonly<Record<string, string>>;
  /** Velocities, and whatever else the optimiser keeps; where weights are averaged, the weights themselves as `x.raw`. */
  readonly state: NamedTensors;
  readonly counters: Readonly<Record<string, number>>;
}

/** What a training counts beside steps and epochs; numbers that must survive a resume exactly. */
export interface Counters extends ValidationCourse, LossCourse {
  readonly seed: number;
  readonly stepsPerEpoch: number;
  /** Of the epoch under way: the sum of the steps' losses, and the images that were right. */
  epochLossSum: number;
  epochCorrect: number;
}

/**
 * The tensors that a training's state starts with: the network's own, and what its programs keep beside them, which is zeros in a
 * fresh training (velocities, averages of gradients) or the weights themselves (their average). `graphs` are those of the programs.
 * Throws FormatError or UsageError when those of the checkpoint aren't this network's and optimiser's.
 */
export const startingState = (
  graphs: readonly Graph[],
  spec: ResNetSpec,
  model: NamedTensors,
  resumed: TrainingCheckpoint | null,
): NamedTensors => {
  const bad = resumed === null ? findNonFinite(model) : null; // a checkpoint was checked when it was written
  if (bad !== null) {
    throw new UsageError(
      `weights: ${bad.name} holds ${bad.value}; weights that are not finite can't be trained further`,
    );
  }
  const matched = matchTensors(spec, resumed?.model ?? model, resumed === null ? "weights" : "checkpoint");
  const states = new Map(graphs.flatMap((graph) => graph.states.map((state) => [state.name, state] as const)));
  const ofModel = new Set(matched.keys());
  const averaged = new Set([...ofModel].filter((name) => states.has(averageName(name))));
  if (resumed !== null && averaged.size === 0 && holdsRaw(resumed.state)) {
    throw new UsageError(
      "checkpoint: its weights are averages (ema) but this recipe averages none; resume with the recipe that it was made with",
    );
  }
  const tensors = new Map(matched);
  for (const { name, dtype, shape } of states.values()) {
    if (isAccumulated(name)) {
      tensors.set(name, zeros(dtype, shape)); // forgotten at the first batch of an update
      continue;
    }
    const place = placeAtRest(name, ofModel, averaged);
    const kept = place.of === "model" ? matched.get(place.name) : resumed?.state.get(place.name);
    if (resumed !== null && (kept === undefined || !sameShape(kept.shape, shape) || kept.dtype !== dtype)) {
      const found = kept === undefined ? "is missing" : `is ${kept.dtype}${formatShape(kept.shape)}`;
      throw new UsageError(
        `checkpoint: ${place.name} should be ${dtype}${formatShape(shape)} but ${found}; resume with the recipe that it was made with`,
      );
    }
    tensors.set(name, kept ?? tensors.get(name) ?? zeros(dtype, shape));
  }
  return tensors;
};

/**
 * The counters to begin with. Throws UsageError when a checkpoint was made with another seed or number of steps an epoch (going on
 * from it could not continue the same training), or has more epochs behind it than the recipe has.
 */
export const startingCounters = (
  { seed, epochs }: Recipe,
  stepsPerEpoch: number,
  resumed: TrainingCheckpoint | null,
): Counters => {
  if (resumed === null)
    return { seed, stepsPerEpoch, epochLossSum: 0, epochCorrect: 0, ...startingCourse(), ...startingLossCourse() };
  const { counters } = resumed;
  for (const [name, now] of [
    ["seed", seed],
    ["stepsPerEpoch", stepsPerEpoch],
  ] as const) {
    if (counters[name] !== now) {
      throw new UsageError(
        `checkpoint: its ${name} is ${counters[name]} but this training's is ${now}; resume with the same data, batch and seed`,
      );
    }
  }
  if (resumed.epoch > epochs) {
    throw new UsageError(
      `checkpoint: ${resumed.epoch} epochs are done already but the recipe has ${epochs}; raise epochs to train it further`,
    );
  }
  return {
    seed,
    stepsPerEpoch,
    epochLossSum: counters.epochLossSum ?? 0,
    epochCorrect: counters.epochCorrect ?? 0,
    ...startingCourse(counters),
    ...startingLossCourse(counters),
  };
};

/** Where a training is. */
export interface Progress {
  readonly step: number;
  readonly epoch: number;
  readonly counters: Counters;
}

const countersAtRest = (counters: Counters): TrainingCheckpoint["counters"] => {
  const { recentLosses, skippedSteps, skippedInARow, epochSkipped, ...others } = counters;
  return { ...others, ...lossCourseAtRest({ recentLosses, skippedSteps, skippedInARow, epochSkipped }) };
};

/** Sorts the tensors of a state into the network's own (their averages, where weights are averaged) and what goes on beside them. */
export const checkpointOf = (
  { spec, classes, preprocessing }: Pick<Training, "spec" | "classes" | "preprocessing">,
  { step, epoch, counters }: Progress,
  tensors: NamedTensors,
): TrainingCheckpoint => {
  const kept = new Map([...tensors].filter(([name]) => !isAccumulated(name)));
  const { model, others } = toRest(kept, new Set(parameterTable(spec).map(({ name }) => name)));
  return {
    step,
    epoch,
    model,
    modelMetadata: {
      spec: JSON.stringify(spec),
      classes: JSON.stringify(classes),
      preprocessing: JSON.stringify(preprocessing),
      ...(holdsRaw(others) && { weights: "moving average" }),
    },
    state: others,
    counters: countersAtRest(counters),
  };
};

/** The first tensor that holds a number which is not finite, and that number; null where all are. */
export const findNonFinite = (tensors: NamedTensors): { readonly name: string; readonly value: number } | null => {
  for (const [name, { data }] of tensors) {
    for (let i = 0; i < data.length; i++) if (!Number.isFinite(data[i])) return { name, value: data[i]! };
  }
  return null;
};
