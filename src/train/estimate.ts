// What a training will take, before anything is allocated: memory by planning, time by a rate that is handed in. Pure.
import { dtypeBytes } from "../base/dtype.ts";
import { UsageError } from "../base/errors.ts";
import { elementCount } from "../base/shape.ts";
import { loaderBytes } from "../data/batch.ts";
import type { Preprocessing } from "../data/preprocessing.ts";
import { type Graph, resultsOf } from "../graph/graph.ts";
import type { Value } from "../graph/value.ts";
import { buildGraph } from "../model/forward.ts";
import { withPrecision } from "../passes/precision.ts";
import { type Interval, type MemoryPlan, planMemory } from "../plan/memory.ts";
import { makePlan } from "../plan/plan.ts";
import type { ResNetSpec } from "../spec/spec.ts";
import { frozenParts } from "./freezing.ts";
import type { Recipe } from "./recipe.ts";
import { largestStage, type SizeStage, sizeStages } from "./size-stages.ts";
import { buildTrainingGraph } from "./training-graph.ts";
import { trainingLength } from "./training-length.ts";
import { programGraphs } from "./training-programs.ts";

/** What a training takes its memory for, beside the recipe. Network and preprocessing are those of evaluation. */
export interface TrainingPlace {
  readonly spec: ResNetSpec;
  readonly preprocessing: Preprocessing;
  /** Batches that the loader keeps at once (defaultSlots of its workers). */
  readonly slots: number;
  /** Memory of the splits themselves (sourceBytes of each). */
  readonly sourceBytes: number;
  /** Most memory that data workers take to decode pictures; 0 of images in memory. */
  readonly decodingBytes: number;
  /** Training images. */
  readonly images: number;
  /** Whether a validation split is evaluated while training. */
  readonly validates: boolean;
}

/** Epochs of one size of training images. */
export interface SizeEstimate {
  /** Pixels. */
  readonly imageSize: readonly [height: number, width: number];
  readonly epochs: number;
  /** Training alone, without evaluation; null where the rate is not known. */
  readonly secondsPerEpoch: number | null;
}

/** Where training images grow, memory is that of the largest: one program is there at a time. */
export interface Estimate {
  /**
   * Activations, gradients and the like, as planned from the graph. Engines add reorders and workspaces, and save by working in
   * place: of ResNet-20 in batches of 128, oneDNN's own arena is 1.4 % larger.
   */
  readonly arenaBytes: number;
  /** What no layout of the arena can do without. */
  readonly arenaLowerBoundBytes: number;
  /** Of the program that evaluates; 0 without validation. */
  readonly evaluationArenaBytes: number;
  /** Parameters, velocities, running statistics; a copy of them is made for each checkpoint. */
  readonly stateBytes: number;
  readonly checkpointBytes: number;
  readonly loaderBytes: number;
  readonly sourceBytes: number;
  /** Most memory that data workers take for a moment, when each decodes the largest picture. */
  readonly decodingBytes: number;
  readonly totalBytes: number;
  /** Parameters that learn, and those that the recipe freezes. */
  readonly learnedParameters: number;
  readonly frozenParameters: number;
  readonly stepsPerEpoch: number;
  /** Of the largest images. Training alone, without evaluation; null where the rate is not known. */
  readonly secondsPerEpoch: number | null;
  /** Of all epochs, at their sizes. */
  readonly seconds: number | null;
  readonly sizes: readonly SizeEstimate[];
  /** Of images in evaluation, in pixels. */
  readonly evaluationSize: readonly [height: number, width: number];
}

const bytesOfValue = ({ dtype, shape }: Value): number => elementCount(shape) * dtypeBytes[dtype];

/** Lays out what a graph's nodes make, but for values that become states: those are made in the state's own memory. */
const planArena = (graph: Graph): MemoryPlan => {
  const plan = makePlan(graph);
  const inState = new Set(graph.updates.map(({ value }) => value.name));
  const intervals = plan.order.flatMap((node) =>
    resultsOf(node).flatMap(([, value]): readonly Interval[] => {
      const lifetime = plan.lifetimes.get(value.name);
      if (lifetime === undefined || inState.has(value.name)) return [];
      return [{ name: value.name, bytes: bytesOfValue(value), ...lifetime }];
    }),
  );
  return planMemory(intervals);
};

/** The images that a training at a stage's size takes in a second, measured; null where that isn't known. */
export type RateOf = (stage: SizeStage) => number | null;
const unknownRate: RateOf = () => null;

/** The memory and time of a training. Throws UsageError as sizeStages, trainingLength and buildTrainingGraph do. */
export const estimate = (recipe: Recipe, place: TrainingPlace, rateOf: RateOf = unknownRate): Estimate => {
  const { spec: ofEvaluation, preprocessing, slots, sourceBytes, decodingBytes, images, validates } = place;
  const { batch } = recipe;
  const { stepsPerEpoch } = trainingLength(recipe, images);
  const stages = sizeStages(recipe, ofEvaluation, preprocessing);
  const largest = largestStage(stages);
  const { spec } = largest;
  const training = buildTrainingGraph(spec, recipe);
  const graphs = Object.values(programGraphs(training, recipe, spec)).filter((graph): graph is Graph => graph !== null);
  const { learnedCount, frozenCount } = frozenParts(spec, recipe);
  const arenas = graphs.map(planArena);
  const sum = (of: (arena: MemoryPlan) => number): number => arenas.reduce((total, arena) => total + of(arena), 0);
  const evaluationGraph = validates
    ? withPrecision(buildGraph(ofEvaluation, { mode: "evaluation", batch }), recipe.dtype)
    : null;
  const states = new Map(graphs.flatMap((graph) => graph.states.map((state) => [state.name, state] as const)));
  const stateBytes = [...states.values()].reduce((bytes, state) => bytes + bytesOfValue(state), 0);
  const secondsPerEpoch = (stage: SizeStage): number | null => {
    const rate = rateOf(stage);
    return rate === null ? null : (stepsPerEpoch * batch * recipe.accumulate) / rate;
  };
  const sizes = stages.map((stage): SizeEstimate => {
    const { fromEpoch, toEpoch, preprocessing: ofStage } = stage;
    return { imageSize: ofStage.size, epochs: toEpoch - fromEpoch, secondsPerEpoch: secondsPerEpoch(stage) };
  });
  const parts = {
    arenaBytes: sum(({ arenaBytes }) => arenaBytes),
    evaluationArenaBytes: evaluationGraph === null ? 0 : planArena(evaluationGraph).arenaBytes,
    stateBytes,
    checkpointBytes: stateBytes,
    loaderBytes:
      loaderBytes({ preprocessing: largest.preprocessing, batch, slots }) +
      (validates ? loaderBytes({ preprocessing, batch, slots }) : 0),
    sourceBytes,
    decodingBytes,
  };
  return {
    ...parts,
    arenaLowerBoundBytes: sum(({ lowerBoundBytes }) => lowerBoundBytes),
    learnedParameters: learnedCount,
    frozenParameters: frozenCount,
    totalBytes: Object.values(parts).reduce((total, bytes) => total + bytes, 0),
    stepsPerEpoch,
    secondsPerEpoch: secondsPerEpoch(largest),
    seconds: sizes.reduce<number | null>(
      (all, { epochs, secondsPerEpoch: each }) => (all === null || each === null ? null : all + epochs * each),
      0,
    ),
    sizes,
    evaluationSize: preprocessing.size,
  };
};

/** The largest batch, below the recipe's, whose training fits; 0 when none does. Plans about log₂ batch times. */
export const largestBatch = (recipe: Recipe, place: TrainingPlace, availableBytes: number): number => {
  let [fits, tooLarge] = [0, recipe.batch];
  while (tooLarge - fits > 1) {
    const batch = Math.floor((fits + tooLarge) / 2);
    const bytes = totalBytesOf({ ...recipe, batch }, place);
    if (bytes === null || bytes <= availableBytes) fits = batch;
    else tooLarge = batch;
  }
  return totalBytesOf({ ...recipe, batch: fits }, place) === null ? 0 : fits;
};

/** Null for a batch too small to train on: 0, or 1 where batch norm would normalise a single value. */
const totalBytesOf = (recipe: Recipe, place: TrainingPlace): number | null => {
  try {
    return estimate(recipe, place).totalBytes;
  } catch (error) {
    if (error instanceof UsageError) return null;
    throw error;
  }
};

const formatBytes = (bytes: number): string =>
  bytes < 2 ** 30 ? `${Math.ceil(bytes / 2 ** 20)} MiB` : `${(bytes / 2 ** 30).toFixed(1)} GiB`;

/** Throws UsageError, with the largest batch that fits, when a training takes more memory than there is. */
export const refuseIfTooLarge = (recipe: Recipe, place: TrainingPlace, availableBytes: number): void => {
  const { totalBytes, arenaBytes, stateBytes, loaderBytes, sourceBytes, decodingBytes } = estimate(recipe, place);
  if (totalBytes <= availableBytes) return;
  const batch = largestBatch(recipe, place, availableBytes);
  const remedy =
    batch === 0
      ? `no batch fits: take a smaller network or smaller images${decodingBytes > 0 ? ", or fewer --workers" : ""}`
      : `the largest batch that fits is ${batch}: take --batch ${batch}`;
  throw new UsageError(
    `training ${place.spec.name} in batches of ${recipe.batch} takes ${formatBytes(totalBytes)} ` +
      `(arena ${formatBytes(arenaBytes)}, state ${formatBytes(stateBytes)}, loader ${formatBytes(loaderBytes)}, images ${formatBytes(sourceBytes)}${decodingBytes > 0 ? `, decoding ${formatBytes(decodingBytes)}` : ""}) ` +
      `but ${formatBytes(availableBytes)} of memory are available; ${remedy}`,
  );
};
