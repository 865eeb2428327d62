// A training so small that the reference engine does it in a second; what the tests of the loop share.
import { expect } from "vitest";
import type { NamedTensors } from "../base/tensor.ts";
import { openEvaluationLoader, openTrainingLoader } from "../data/node/loader.ts";
import { syntheticSource } from "../data/synthetic.ts";
import type { Engine } from "../engine/contract.ts";
import { createReferenceEngine } from "../engine/reference/engine.ts";
import { parseSpec } from "../spec/parse-spec.ts";
import type { TrainingCheckpoint } from "./checkpoint.ts";
import type { EpochEvent, StepEvent, TrainingEvent } from "./events.ts";
import { type RecipeFields, recipe } from "./parse-recipe.ts";
import { train } from "./train.ts";
import type { Training } from "./training.ts";

// Three convolutions and a dropout, images of 8×8: a step takes some milliseconds on the reference engine.
export const spec = parseSpec(
  {
    name: "tiny",
    input: [1, 8, 8],
    classes: 3,
    stem: { width: 4, kernel: 3, stride: 1, pool: null },
    stages: [{ blocks: 1, width: 8, stride: 2 }],
    block: "basic",
    shortcut: "A",
    head: { dropout: 0.1 },
  },
  "tiny",
);
export const source = syntheticSource({ images: 20, shape: [1, 8, 8], classes: 3, seed: 1 });
export const validation = syntheticSource({ images: 7, shape: [1, 8, 8], classes: 3, seed: 1 });
export const preprocessing = { size: [8, 8], channels: 1, mean: [0.5], deviation: [0.25] } as const;

/** 20 images in batches of 4: five steps an epoch. */
export const fields: RecipeFields = {
  name: "tiny",
  batch: 4,
  epochs: 2,
  optimizer: { kind: "sgd", nesterov: true, weightDecay: 5e-4, decayBatchNorm: false },
  schedule: { kind: "one-cycle", learningRate: 0.1 },
  labelSmoothing: 0.1,
  augmentation: { pad: 1, flip: true },
  seed: 3,
  measureEverySteps: 2,
  checkpointEvery: { steps: 1000 },
};

export interface Outcome {
  readonly result: Awaited<ReturnType<typeof train>>;
  readonly events: readonly TrainingEvent[];
  readonly checkpoints: readonly TrainingCheckpoint[];
}

/** A clock that ticks once whenever it is read. */
export const ticking = (): (() => number) => {
  let reads = 0;
  return () => reads++;
};

export const withEngine = async <T>(use: (engine: Engine) => Promise<T>): Promise<T> => {
  const engine = await createReferenceEngine();
  try {
    return await use(engine);
  } finally {
    await engine.dispose();
  }
};

export const trainTiny = (
  changes: Partial<Training> = {},
  recipeChanges: Partial<RecipeFields> = {},
): Promise<Outcome> =>
  withEngine(async (engine) => {
    const events: TrainingEvent[] = [];
    const checkpoints: TrainingCheckpoint[] = [];
    const result = await train({
      engine,
      spec,
      recipe: recipe({ ...fields, ...recipeChanges }),
      train: source,
      validation: null,
      preprocessing,
      classes: ["a", "b", "c"],
      openTrainingBatches: (options) => openTrainingLoader({ ...options, workers: 0 }),
      openEvaluationBatches: (of, batch) => openEvaluationLoader({ source: of, batch, preprocessing, workers: 0 }),
      now: ticking(),
      ...changes,
      onEvent: (event) => {
        events.push(event);
        changes.onEvent?.(event);
      },
      onCheckpoint: async (checkpoint, accuracy) => {
        checkpoints.push(checkpoint);
        await changes.onCheckpoint?.(checkpoint, accuracy);
      },
    });
    return { result, events, checkpoints };
  });

export const stepEvents = (events: readonly TrainingEvent[]): StepEvent[] =>
  events.filter((event): event is StepEvent => event.event === "step");
export const epochEvents = (events: readonly TrainingEvent[]): EpochEvent[] =>
  events.filter((event): event is EpochEvent => event.event === "epoch");

export const bytesOf = (tensors: NamedTensors): Record<string, string> =>
  Object.fromEntries(
    [...tensors].map(([name, { data }]) => [
      name,
      Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString("hex"),
    ]),
  );

/** Aborts once so many steps are done. */
export const stopAfter = (step: number): Partial<Training> => {
  const controller = new AbortController();
  return {
    signal: controller.signal,
    onEvent: (event) => {
      if (event.event === "step" && event.step === step) controller.abort(new Error("stopped"));
    },
  };
};

/** A checkpoint as it comes back from files: tensors copied, counters through text. */
export const throughFiles = (checkpoint: TrainingCheckpoint): TrainingCheckpoint => {
  const copied = (tensors: NamedTensors): NamedTensors =>
    new Map([...tensors].map(([name, { dtype, shape, data }]) => [name, { dtype, shape, data: data.slice() }]));
  return {
    ...checkpoint,
    model: copied(checkpoint.model),
    state: copied(checkpoint.state),
    counters: JSON.parse(JSON.stringify(checkpoint.counters)),
  };
};

export const expectSameTraining = (resumed: TrainingCheckpoint, unbroken: TrainingCheckpoint): void => {
  expect(bytesOf(resumed.model)).toEqual(bytesOf(unbroken.model));
  expect(bytesOf(resumed.state)).toEqual(bytesOf(unbroken.state));
  expect(resumed.counters).toEqual(unbroken.counters);
  expect([resumed.step, resumed.epoch]).toEqual([unbroken.step, unbroken.epoch]);
};
