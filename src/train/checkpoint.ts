// A training at rest: everything that it goes on from, as data. Which files hold it is the run directory's business.
import { UsageError } from "../base/errors.ts";
import { formatShape, sameShape } from "../base/shape.ts";
import { type NamedTensors, zeros } from "../base/tensor.ts";
import type { Graph } from "../graph/graph.ts";
import { matchTensors } from "../model/match-tensors.ts";
import { parameterTable } from "../model/parameter-table.ts";
import type { ResNetSpec } from "../spec/spec.ts";
import type { Recipe } from "./recipe.ts";
import type { Training } from "./training.ts";

export interface TrainingCheckpoint {
  /** Training steps done. */
  readonly step: number;
  /** Epochs done, their validation included. */
  readonly epoch: number;
  /** Parameters and running statistics, under torchvision's names. */
  readonly model: NamedTensors;
  /** `spec`, `classes` and `preprocessing` as JSON texts: with them the model alone is enough to predict. */
  readonly modelMetadata: Readonly<Record<string, string>>;
  /** Velocities. */
  readonly state: NamedTensors;
  readonly counters: Readonly<Record<string, number>>;
}

/** What a training counts beside steps and epochs; numbers that must survive a resume exactly. */
export interface Counters {
  readonly seed: number;
  readonly stepsPerEpoch: number;
  /** Of the epoch under way: the sum of the steps' losses, and the images that were right. */
  epochLossSum: number;
  epochCorrect: number;
}

/**
 * The tensors that a training graph's state starts with: the network's own, and velocities, which are zeros in a fresh training.
 * Throws FormatError or UsageError when those of the checkpoint aren't this network's and optimiser's.
 */
export const startingState = (
  graph: Graph,
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
  const tensors = new Map(matchTensors(spec, resumed?.model ?? model, resumed === null ? "weights" : "checkpoint"));
  for (const { name, dtype, shape } of graph.states) {
    if (tensors.has(name)) continue;
    const kept = resumed?.state.get(name);
    if (resumed !== null && (kept === undefined || !sameShape(kept.shape, shape) || kept.dtype !== dtype)) {
      const found = kept === undefined ? "is missing" : `is ${kept.dtype}${formatShape(kept.shape)}`;
      throw new UsageError(
        `checkpoint: ${name} should be ${dtype}${formatShape(shape)} but ${found}; resume with the recipe that it was made with`,
      );
    }
    tensors.set(name, kept ?? zeros(dtype, shape));
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
  if (resumed === null) return { seed, stepsPerEpoch, epochLossSum: 0, epochCorrect: 0 };
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
  };
};

/** Where a training is. */
export interface Progress {
  readonly step: number;
  readonly epoch: number;
  readonly counters: Counters;
}

/** Sorts the tensors of a state into the network's own and the optimiser's. */
export const checkpointOf = (
  { spec, classes, preprocessing }: Pick<Training, "spec" | "classes" | "preprocessing">,
  { step, epoch, counters }: Progress,
  tensors: NamedTensors,
): TrainingCheckpoint => {
  const ofModel = new Set(parameterTable(spec).map(({ name }) => name));
  return {
    step,
    epoch,
    model: new Map([...tensors].filter(([name]) => ofModel.has(name))),
    modelMetadata: {
      spec: JSON.stringify(spec),
      classes: JSON.stringify(classes),
      preprocessing: JSON.stringify(preprocessing),
    },
    state: new Map([...tensors].filter(([name]) => !ofModel.has(name))),
    counters: { ...counters },
  };
};

/** The first tensor that holds a number which is not finite, and that number; null where all are. */
export const findNonFinite = (tensors: NamedTensors): { readonly name: string; readonly value: number } | null => {
  for (const [name, { data }] of tensors) {
    for (let i = 0; i < data.length; i++) if (!Number.isFinite(data[i])) return { name, value: data[i]! };
  }
  return null;
};
