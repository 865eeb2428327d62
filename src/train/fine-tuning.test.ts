// Training with a part frozen, on the reference engine: what is frozen stays to the last bit, the rest learns as it would have.
import { describe, expect, test } from "vitest";
import type { NamedTensors } from "../base/tensor.ts";
import { withFreshHead } from "../model/fresh-head.ts";
import type { RecipeFields } from "./parse-recipe.ts";
import {
  bytesOf,
  epochEvents,
  expectSameTraining,
  spec,
  stopAfter,
  throughFiles,
  trainTiny,
} from "./train.test.fixture.ts";

/** Weights that know the classes, and running statistics that fit them. */
const trained = async (): Promise<NamedTensors> =>
  (await trainTiny({}, { epochs: 12, labelSmoothing: 0, augmentation: {} })).result.checkpoint.model;

/** The names of the tensors that differ in any bit. */
const changed = (before: NamedTensors, after: NamedTensors): readonly string[] => {
  const [from, to] = [bytesOf(before), bytesOf(after)];
  expect(Object.keys(to)).toEqual(Object.keys(from));
  return Object.keys(from).filter((name) => from[name] !== to[name]);
};

const isStatistic = (name: string): boolean => name.includes(".running_");

describe("train(training) from given weights", () => {
  test("keeps a frozen body to the last bit, running statistics included, and teaches a fresh head the classes", async () => {
    const { tensors } = withFreshHead({ spec, tensors: await trained() }, 3, 9);
    const { result, events } = await trainTiny(
      { weights: tensors },
      { freeze: "body", epochs: 12, labelSmoothing: 0, augmentation: {} },
    );
    expect(changed(tensors, result.checkpoint.model)).toEqual(["fc.weight", "fc.bias"]);
    expect([...result.checkpoint.state.keys()]).toEqual(["fc.weight.velocity", "fc.bias.velocity"]);
    const losses = epochEvents(events).map(({ trainLoss }) => trainLoss);
    expect(losses.at(-1)).toBeLessThan(Math.log(3) / 3);
    expect(losses.at(-1)).toBeLessThan((losses[0] ?? 0) / 2);
  });

  test("keeps running statistics, and with frozen batch norms scales and shifts too, while the convolutions learn", async () => {
    const weights = await trained();
    const without = (batchNorm: RecipeFields["batchNorm"] & string) => trainTiny({ weights }, { batchNorm });
    const all = [...weights.keys()];
    const fixed = changed(weights, (await without("fixed-statistics")).result.checkpoint.model);
    expect(fixed).toEqual(all.filter((name) => !isStatistic(name)));
    const frozen = changed(weights, (await without("frozen")).result.checkpoint.model);
    expect(frozen).toEqual(all.filter((name) => !isStatistic(name) && !/bn\d\.(weight|bias)$/.test(name)));
  });

  test("moves what learns exactly as without the frozen part: the same gradients, to the last bit", async () => {
    const weights = await trained();
    const oneStep = async (freeze: RecipeFields["freeze"] & object) => {
      const changes = { batch: 20, epochs: 1, freeze, batchNorm: "fixed-statistics" } as const;
      return (await trainTiny({ weights }, changes)).result.checkpoint;
    };
    const whole = (await trainTiny({ weights }, { batch: 20, epochs: 1, batchNorm: "fixed-statistics" })).result
      .checkpoint;
    const partial = await oneStep({ stages: 0 });
    const learned = changed(weights, partial.model);
    expect(learned).toContain("layer1.0.conv1.weight");
    expect(learned.some((name) => name.startsWith("conv1") || name.startsWith("bn1"))).toBe(false);
    const [some, every] = [bytesOf(partial.model), bytesOf(whole.model)];
    for (const name of learned) expect(some[name], name).toBe(every[name]);
    // The velocities after one step from zero are the gradients (and decay).
    const [velocities, all] = [bytesOf(partial.state), bytesOf(whole.state)];
    expect(Object.keys(velocities)).toEqual(learned.map((name) => `${name}.velocity`));
    for (const name of Object.keys(velocities)) expect(velocities[name], name).toBe(all[name]);
  });

  test.each([{ freeze: "body" }, { freeze: { stages: 0 }, batchNorm: "frozen", headRateFactor: 10 }] as const)(
    "is gone on with bit by bit with %j",
    async (changes) => {
      const weights = await trained();
      const unbroken = await trainTiny({ weights }, changes);
      const broken = await trainTiny({ weights, ...stopAfter(3) }, changes);
      expect(broken.result.interrupted).toBe(true);
      const resumed = await trainTiny({ resume: throughFiles(broken.result.checkpoint) }, changes);
      expectSameTraining(resumed.result.checkpoint, unbroken.result.checkpoint);
    },
  );

  test("refuses to go on with a checkpoint that was made with another part frozen", async () => {
    const broken = await trainTiny(stopAfter(3), { freeze: "body" });
    await expect(trainTiny({ resume: broken.result.checkpoint })).rejects.toThrow(
      "checkpoint: conv1.weight.velocity should be f32[4, 1, 3, 3] but is missing; resume with the recipe that it was made with",
    );
  });
});
