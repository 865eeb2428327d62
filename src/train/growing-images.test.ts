// A training on photographs whose images grow from 8×8 to 12×12 and are tested at 16×16, on the reference engine.
import { describe, expect, test } from "vitest";
import type { Engine } from "../engine/contract.ts";
import { growingRecipe, growingTraining } from "./growing-images.test.fixture.ts";
import {
  epochEvents,
  expectSameTraining,
  stepEvents,
  stopAfter,
  throughFiles,
  trainTiny,
  withEngine,
} from "./train.test.fixture.ts";

/** The engine, which notes at each compilation what its programs are for that are there by then. */
const watching = (engine: Engine) => {
  const alive = new Set<string>();
  const notes: string[] = [];
  const watched: Engine = {
    name: engine.name,
    fusions: engine.fusions,
    bf16: engine.bf16,
    int8: engine.int8,
    threads: engine.threads,
    createState: (tensors) => engine.createState(tensors),
    dispose: () => engine.dispose(),
    compile: async (plan, state) => {
      const program = await engine.compile(plan, state);
      const images = plan.graph.inputs.find(({ name }) => name === "images");
      if (images === undefined) return program;
      const trains = plan.graph.inputs.some(({ name }) => name === "labels");
      const name = `${trains ? "trains" : "evaluates"} ${images.shape.join("×")}`;
      alive.add(name);
      notes.push([...alive].join(", "));
      return {
        memory: program.memory,
        implementations: program.implementations,
        run: (inputs, part) => program.run(inputs, part),
        dispose: async () => {
          alive.delete(name);
          await program.dispose();
        },
      };
    },
  };
  return { watched, notes };
};

describe("train(training) by a recipe with imageSize", { timeout: 120_000 }, () => {
  test("trains at one size after the other, and evaluates at the test size from the first epoch on", async () => {
    const training = await growingTraining();
    const { events, result, notes } = await withEngine(async (engine) => {
      const { watched, notes } = watching(engine);
      return { ...(await trainTiny({ ...training, engine: watched }, growingRecipe)), notes };
    });
    // One program that trains is in memory at a time; what evaluates comes after each epoch, and anew at the other size.
    expect(notes).toEqual([
      "trains 2×3×8×8",
      "trains 2×3×8×8, evaluates 2×3×16×16",
      "trains 2×3×12×12",
      "trains 2×3×12×12, evaluates 2×3×16×16",
    ]);
    expect(events.flatMap((event) => (event.event === "start" ? [event.totalSteps] : []))).toEqual([12]);
    const sizes = events.flatMap((event) => (event.event === "size" ? [event] : []));
    expect(sizes.map(({ step, epoch, imageSize }) => [step, epoch, imageSize])).toEqual([
      [0, 1, [8, 8]],
      [6, 3, [12, 12]],
    ]);
    expect(sizes[1]?.arenaBytes).toBeGreaterThan(1.5 * (sizes[0]?.arenaBytes ?? 0));
    const epochs = epochEvents(events);
    expect(epochs.map(({ imageSize }) => imageSize)).toEqual([
      [8, 8],
      [8, 8],
      [12, 12],
      [12, 12],
    ]);
    expect(epochs.map(({ validationImages }) => validationImages)).toEqual([5, 5, 5, 5]);
    for (const { loss } of stepEvents(events)) expect(Number.isFinite(loss)).toBe(true);
    const { preprocessing, spec } = result.checkpoint.modelMetadata;
    expect(JSON.parse(preprocessing ?? "")).toMatchObject({ size: [16, 16], fit: { kind: "crop", shorterSide: 18 } });
    expect(JSON.parse(spec ?? "").input).toEqual([3, 16, 16]);
  });

  test.each([5, 6, 7, 10])(
    "resumed after step %i, where images grow after step 6, it is bit-equal to the training without the break",
    async (step) => {
      const training = await growingTraining();
      const unbroken = await trainTiny(training, growingRecipe);
      const stopped = await trainTiny({ ...training, ...stopAfter(step) }, growingRecipe);
      expect(stopped.result.checkpoint.step).toBe(step);
      const resume = throughFiles(stopped.result.checkpoint);
      const resumed = await trainTiny({ ...training, resume }, growingRecipe);
      expectSameTraining(resumed.result.checkpoint, unbroken.result.checkpoint);
      const losses = [...stepEvents(stopped.events), ...stepEvents(resumed.events)].map(({ loss }) => loss);
      expect(losses).toEqual(stepEvents(unbroken.events).map(({ loss }) => loss));
      const epochs = [...epochEvents(stopped.events), ...epochEvents(resumed.events)];
      const figures = epochEvents(unbroken.events).map(({ validationLoss, imageSize }) => [validationLoss, imageSize]);
      expect(epochs.map(({ validationLoss, imageSize }) => [validationLoss, imageSize])).toEqual(figures);
    },
  );

  test("resumed where the last validation at a size was aborted, it makes it again before images grow", async () => {
    const training = await growingTraining();
    const unbroken = await trainTiny(training, growingRecipe);
    const controller = new AbortController();
    let opened = 0;
    const stopped = await trainTiny(
      {
        ...training,
        signal: controller.signal,
        openEvaluationBatches: (source, batch) => {
          opened++;
          if (opened === 2) controller.abort(new Error("stopped"));
          return training.openEvaluationBatches(source, batch);
        },
      },
      growingRecipe,
    );
    expect([stopped.result.checkpoint.step, stopped.result.checkpoint.epoch]).toEqual([6, 1]);
    const resumed = await trainTiny({ ...training, resume: throughFiles(stopped.result.checkpoint) }, growingRecipe);
    expectSameTraining(resumed.result.checkpoint, unbroken.result.checkpoint);
    expect(epochEvents(resumed.events).map(({ epoch, imageSize }) => [epoch, imageSize])).toEqual([
      [2, [8, 8]],
      [3, [12, 12]],
      [4, [12, 12]],
    ]);
  });

  test("refuses sizes that the network can't have before it begins", async () => {
    const training = await growingTraining();
    const attempt = trainTiny(training, { ...growingRecipe, imageSize: { train: [{ fromEpoch: 0, size: 1 }] } });
    await expect(attempt).rejects.toThrow(/^growing: imageSize.train\[0\]: input 1×1 is too small: /);
  });
});
