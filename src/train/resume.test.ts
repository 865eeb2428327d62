import { describe, expect, test } from "vitest";
import { openEvaluationLoader } from "../data/node/loader.ts";
import type { Engine } from "../engine/contract.ts";
import type { EpochEvent, StepEvent } from "./events.ts";
import {
  epochEvents,
  expectSameTraining,
  preprocessing,
  stepEvents,
  stopAfter,
  throughFiles,
  trainTiny,
  validation,
  withEngine,
} from "./train.test.fixture.ts";

describe("train({ resume })", () => {
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

  test("draws dropout by the seed and the number of the step, also after a break", async () => {
    const keys: number[][] = [];
    const noting = (engine: Engine): Engine => ({
      name: engine.name,
      fusions: engine.fusions,
      bf16: engine.bf16,
      int8: engine.int8,
      threads: engine.threads,
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
});
