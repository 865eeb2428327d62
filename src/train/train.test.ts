import { describe, expect, test } from "vitest";
import type { NamedTensors } from "../base/tensor.ts";
import { openEvaluationLoader, openTrainingLoader } from "../data/node/loader.ts";
import { syntheticSource } from "../data/synthetic.ts";
import type { Engine } from "../engine/contract.ts";
import { createReferenceEngine } from "../engine/reference/engine.ts";
import { parseSpec } from "../spec/parse-spec.ts";
import type { TrainingCheckpoint } from "./checkpoint.ts";
import type { EpochEvent, StepEvent, TrainingEvent } from "./events.ts";
import { NonFiniteError } from "./non-finite-error.ts";
import { type RecipeFields, recipe } from "./parse-recipe.ts";
import { train } from "./train.ts";
import type { Training } from "./training.ts";

// Three convolutions and a dropout, images of 8×8: a step takes some milliseconds on the reference engine.
const spec = parseSpec(
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
const source = syntheticSource({ images: 20, shape: [1, 8, 8], classes: 3, seed: 1 });
const validation = syntheticSource({ images: 7, shape: [1, 8, 8], classes: 3, seed: 1 });
const preprocessing = { size: [8, 8], channels: 1, mean: [0.5], deviation: [0.25] } as const;

/** 20 images in batches of 4: five steps an epoch. */
const fields: RecipeFields = {
  name: "tiny",
  batch: 4,
  epochs: 2,
  optimizer: { kind: "sgd", nesterov: true, weightDecay: 5e-4, decayBatchNorm: false },
  schedule: { kind: "one-cycle", learningRate: 0.1 },
  labelSmoothing: 0.1,
  augmentation: { pad: 1, flip: true, erase: null },
  seed: 3,
  measureEverySteps: 2,
  checkpointEvery: { steps: 1000 },
};

interface Outcome {
  readonly result: Awaited<ReturnType<typeof train>>;
  readonly events: readonly TrainingEvent[];
  readonly checkpoints: readonly TrainingCheckpoint[];
}

/** A clock that ticks once whenever it is read. */
const ticking = (): (() => number) => {
  let reads = 0;
  return () => reads++;
};

const withEngine = async <T>(use: (engine: Engine) => Promise<T>): Promise<T> => {
  const engine = await createReferenceEngine();
  try {
    return await use(engine);
  } finally {
    await engine.dispose();
  }
};

const trainTiny = (changes: Partial<Training> = {}, recipeChanges: Partial<RecipeFields> = {}): Promise<Outcome> =>
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

const stepEvents = (events: readonly TrainingEvent[]): StepEvent[] =>
  events.filter((event): event is StepEvent => event.event === "step");
const epochEvents = (events: readonly TrainingEvent[]): EpochEvent[] =>
  events.filter((event): event is EpochEvent => event.event === "epoch");

const bytesOf = (tensors: NamedTensors): Record<string, string> =>
  Object.fromEntries(
    [...tensors].map(([name, { data }]) => [
      name,
      Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString("hex"),
    ]),
  );

/** Aborts once so many steps are done. */
const stopAfter = (step: number): Partial<Training> => {
  const controller = new AbortController();
  return {
    signal: controller.signal,
    onEvent: (event) => {
      if (event.event === "step" && event.step === step) controller.abort(new Error("stopped"));
    },
  };
};

/** A checkpoint as it comes back from files: tensors copied, counters through text. */
const throughFiles = (checkpoint: TrainingCheckpoint): TrainingCheckpoint => {
  const copied = (tensors: NamedTensors): NamedTensors =>
    new Map([...tensors].map(([name, { dtype, shape, data }]) => [name, { dtype, shape, data: data.slice() }]));
  return {
    ...checkpoint,
    model: copied(checkpoint.model),
    state: copied(checkpoint.state),
    counters: JSON.parse(JSON.stringify(checkpoint.counters)),
  };
};

const expectSameTraining = (resumed: TrainingCheckpoint, unbroken: TrainingCheckpoint): void => {
  expect(bytesOf(resumed.model)).toEqual(bytesOf(unbroken.model));
  expect(bytesOf(resumed.state)).toEqual(bytesOf(unbroken.state));
  expect(resumed.counters).toEqual(unbroken.counters);
  expect([resumed.step, resumed.epoch]).toEqual([unbroken.step, unbroken.epoch]);
};

describe("train(training)", () => {
  test("learns classes that can be told apart: the loss falls below a third of where chance has it", async () => {
    const recipeChanges: Partial<RecipeFields> = { epochs: 12, labelSmoothing: 0, augmentation: {} };
    const { events, result } = await trainTiny({ validation }, recipeChanges);
    expect(stepEvents(events)).toHaveLength(60);
    expect(epochEvents(events).at(-1)?.trainLoss).toBeLessThan(Math.log(3) / 3);
    // The same patterns with other noise: what was learned is the classes, not the images.
    expect(result.validation?.top1.value).toBe(1);
    expect(result.validation?.n).toBe(7);
  });

  test.each([3, 5, 7])("resumed after step %i is bit-equal to the training without the break", async (step) => {
    const unbroken = await trainTiny();
    const first = await trainTiny(stopAfter(step));
    expect(first.result.interrupted).toBe(true);
    expect(first.result.checkpoint.step).toBe(step);
    expect(first.events.at(-1)).toEqual({ event: "interrupted", step, epoch: Math.floor(step / 5) });
    const second = await trainTiny({ resume: throughFiles(first.result.checkpoint) });
    expectSameTraining(second.result.checkpoint, unbroken.result.checkpoint);
    // Losses, rates and norms are the same as well; times are not compared.
    const figures = ({ event: _, imagesPerSecond: __, secondsLeft: ___, ...rest }: StepEvent) => rest;
    const both = [...stepEvents(first.events), ...stepEvents(second.events)];
    expect(both.map(figures)).toEqual(stepEvents(unbroken.events).map(figures));
    const epochFigures = ({ seconds: _, ...rest }: EpochEvent) => rest;
    const epochs = [...epochEvents(first.events), ...epochEvents(second.events)];
    expect(epochs.map(epochFigures)).toEqual(epochEvents(unbroken.events).map(epochFigures));
  });

  test("makes an aborted validation again on resume", async () => {
    const controller = new AbortController();
    const first = await trainTiny({
      validation,
      signal: controller.signal,
      openEvaluationBatches: (of, batch) => {
        controller.abort(new Error("stopped"));
        return openEvaluationLoader({ source: of, batch, preprocessing, workers: 0 });
      },
    });
    expect([first.result.checkpoint.step, first.result.checkpoint.epoch]).toEqual([5, 0]);
    expect(epochEvents(first.events)).toEqual([]);
    const second = await trainTiny({ validation, resume: throughFiles(first.result.checkpoint) });
    expect(epochEvents(second.events).map(({ epoch, validationImages }) => [epoch, validationImages])).toEqual([
      [1, 7],
      [2, 7],
    ]);
    const unbroken = await trainTiny({ validation });
    expectSameTraining(second.result.checkpoint, unbroken.result.checkpoint);
  });

  test("changes nothing by evaluating: validation leaves weights and statistics as they were", async () => {
    const [without, evaluated] = [await trainTiny(), await trainTiny({ validation })];
    expectSameTraining(evaluated.result.checkpoint, without.result.checkpoint);
  });

  test("writes checkpoints before the first step, as often as the recipe says, and at the end", async () => {
    const { checkpoints, events } = await trainTiny({ validation }, { checkpointEvery: { steps: 4 } });
    expect(checkpoints.map(({ step, epoch }) => [step, epoch])).toEqual([
      [0, 0],
      [4, 0],
      [8, 1],
      [10, 2],
    ]);
    expect(Object.keys(checkpoints[0]?.modelMetadata ?? {})).toEqual(["spec", "classes", "preprocessing"]);
    expect([...(checkpoints[3]?.model.keys() ?? [])].filter((name) => name.endsWith(".velocity"))).toEqual([]);
    expect([...(checkpoints[3]?.state.keys() ?? [])].every((name) => name.endsWith(".velocity"))).toBe(true);
    expect(events[0]).toMatchObject({ event: "start", step: 0, totalSteps: 10, stepsPerEpoch: 5, droppedPerEpoch: 0 });
  });

  test("hands the validation accuracy only with the weights that have it", async () => {
    const accuracies: (readonly [step: number, accuracy: number | null])[] = [];
    await trainTiny(
      {
        validation,
        onCheckpoint: async ({ step }, accuracy) => {
          accuracies.push([step, accuracy]);
        },
      },
      { checkpointEvery: { steps: 3 } },
    );
    expect(accuracies.map(([step, accuracy]) => [step, accuracy !== null])).toEqual([
      [0, false],
      [3, false],
      [6, false],
      [9, false],
      [10, true],
    ]);
  });

  test("measures norms in the steps in which the recipe says so", async () => {
    const { events } = await trainTiny();
    const steps = stepEvents(events);
    expect(steps.map(({ gradientNorm }) => gradientNorm !== undefined)).toEqual(
      steps.map(({ step }) => step % 2 === 0),
    );
    for (const { gradientNorm = 1, parameterNorm = 1, updateNorm = 1 } of steps) {
      for (const norm of [gradientNorm, parameterNorm, updateNorm]) expect(norm).toBeGreaterThan(0);
    }
  });

  test("stops at a loss that is not finite before it reaches the weights, and keeps the last checkpoint", async () => {
    const weights = (await trainTiny({}, { epochs: 1 })).result.checkpoint.model;
    const spoilt = new Map(weights);
    const bias = weights.get("fc.bias");
    spoilt.set("fc.bias", { dtype: "f32", shape: bias?.shape ?? [], data: new Float32Array(3).fill(Number.NaN) });
    const resume = { ...(await trainTiny(stopAfter(7))).result.checkpoint, model: spoilt };
    let stored = 0;
    const attempt = trainTiny({
      resume,
      onCheckpoint: async () => {
        stored++;
      },
    });
    const error = await attempt.catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(NonFiniteError);
    expect(error).toMatchObject({ what: "the loss", step: 8, epoch: 2, lastFiniteStep: 7 });
    expect(stored).toBe(0);
  });

  test("refuses to write weights that are not finite into a checkpoint", async () => {
    // The loss of the one step is finite; its update, at this rate, is not (weights of f32 end at 3.4e38).
    const huge: Partial<RecipeFields> = {
      schedule: { kind: "constant", learningRate: 1e39 },
      checkpointEvery: { steps: 1 },
    };
    const steps: number[] = [];
    const attempt = trainTiny({ onCheckpoint: async ({ step }) => void steps.push(step) }, huge);
    await expect(attempt).rejects.toThrow(
      /^conv1\.weight is (-?Infinity|NaN) at step 1 \(epoch 1\), and was last finite before the first step; training stopped, and the last checkpoint is kept; lower the learning rate \(1e\+39 at this step\) or lengthen the warm-up$/,
    );
    expect(steps).toEqual([0]);
  });

  test("draws dropout by the seed and the number of the step, also after a break", async () => {
    const keys: number[][] = [];
    const noting = (engine: Engine): Engine => ({
      name: engine.name,
      fusions: engine.fusions,
      dispose: () => engine.dispose(),
      createState: (tensors) => engine.createState(tensors),
      compile: async (plan, state) => {
        const program = await engine.compile(plan, state);
        return {
          memory: program.memory,
          implementations: program.implementations,
          dispose: () => program.dispose(),
          run: (inputs, part) => {
            if (part === "step" && inputs.dropoutKey) keys.push([...inputs.dropoutKey.data]);
            return program.run(inputs, part);
          },
        };
      },
    });
    const first = await withEngine((engine) => trainTiny({ ...stopAfter(3), engine: noting(engine) }));
    await withEngine((engine) => trainTiny({ resume: throughFiles(first.result.checkpoint), engine: noting(engine) }));
    expect(keys).toEqual(Array.from({ length: 10 }, (_, step) => [3, step]));
  });

  test("refuses weights to start from that are not finite", async () => {
    const weights = new Map((await trainTiny({}, { epochs: 1 })).result.checkpoint.model);
    weights.set("fc.bias", { dtype: "f32", shape: [3], data: Float32Array.of(0, Number.NaN, 0) });
    await expect(trainTiny({ weights })).rejects.toThrow(
      "weights: fc.bias holds NaN; weights that are not finite can't be trained further",
    );
  });

  test("refuses a batch larger than the data", async () => {
    await expect(trainTiny({}, { batch: 21 })).rejects.toThrow(
      "a batch of 21 is larger than the training split of 20 images; choose a batch of at most 20",
    );
  });

  test("refuses a checkpoint of another training, and says what differs", async () => {
    const { checkpoint } = (await trainTiny(stopAfter(3))).result;
    await expect(trainTiny({ resume: checkpoint }, { seed: 4 })).rejects.toThrow(
      "checkpoint: its seed is 3 but this training's is 4; resume with the same data, batch and seed",
    );
    await expect(trainTiny({ resume: { ...checkpoint, state: new Map() } })).rejects.toThrow(
      "checkpoint: conv1.weight.velocity should be f32[4, 1, 3, 3] but is missing; resume with the recipe that it was made with",
    );
    await expect(trainTiny({ resume: { ...checkpoint, epoch: 3 } })).rejects.toThrow(
      "checkpoint: 3 epochs are done already but the recipe has 2; raise epochs to train it further",
    );
  });

  test("refuses a warm-up that takes the whole training", async () => {
    const warmup = { span: { epochs: 2 }, fromFraction: 0 };
    const schedule = { kind: "constant", learningRate: 0.1, warmup } as const;
    await expect(trainTiny({}, { schedule })).rejects.toThrow(
      "a warm-up of 2 epochs takes the whole training of 2 epochs (10 steps); shorten it, or train for longer",
    );
  });
});
