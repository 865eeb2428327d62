import { describe, expect, test } from "vitest";
import { createReferenceEngine } from "../engine/reference/engine.ts";
import { initialTensors } from "../model/initial-tensors.ts";
import { makePlan } from "../plan/plan.ts";
import { countParameters } from "../spec/counts.ts";
import { resnet } from "../spec/named-networks.ts";
import { startingState } from "./checkpoint.ts";
import { estimate, largestBatch, refuseIfTooLarge, type TrainingPlace } from "./estimate.ts";
import { recipe } from "./parse-recipe.ts";
import { buildTrainingGraph } from "./training-graph.ts";

const spec = resnet(20, { input: [1, 28, 28] });
const place: TrainingPlace = {
  spec,
  preprocessing: { size: [28, 28], channels: 1, mean: [0], deviation: [1] },
  slots: 3,
  sourceBytes: 1_000_000,
  images: 60_000,
  decodingBytes: 3_000_000,
  validates: false,
};
const recipeOf = (batch: number) =>
  recipe({
    name: "r",
    batch,
    epochs: 3,
    optimizer: { kind: "sgd" },
    schedule: { kind: "constant", learningRate: 0.1 },
  });

describe("estimate(recipe, place, rateOf)", () => {
  test("adds up what a training holds", () => {
    const { totalBytes, ...parts } = estimate(recipeOf(128), place, () => 400);
    // Weights and velocities, and a mean and a variance for each of the 19 batch norms' 688 channels in all.
    expect(parts.stateBytes).toBe(4 * (2 * countParameters(spec) + 2 * (7 * 16 + 6 * 32 + 6 * 64)));
    expect(parts.checkpointBytes).toBe(parts.stateBytes);
    expect(parts.loaderBytes).toBe(3 * 128 * (4 * 28 * 28 + 4));
    expect(parts.evaluationArenaBytes).toBe(0);
    expect(totalBytes).toBe(
      parts.arenaBytes +
        parts.stateBytes +
        parts.checkpointBytes +
        parts.loaderBytes +
        place.sourceBytes +
        place.decodingBytes,
    );
    expect(parts.arenaBytes / parts.arenaLowerBoundBytes).toBeLessThanOrEqual(1.1);
    expect([parts.stepsPerEpoch, parts.secondsPerEpoch]).toEqual([468, (468 * 128) / 400]);
    expect(estimate(recipeOf(128), place).secondsPerEpoch).toBeNull();
    expect(estimate(recipeOf(128), { ...place, validates: true }).evaluationArenaBytes).toBeGreaterThan(0);
  });

  test("takes memory for the largest images, and time for each size", () => {
    const growing = recipe({
      ...recipeOf(16),
      augmentation: {
        crop: { kind: "random-resized", areaFraction: [0.08, 1], aspect: [1, 1], interpolation: "bilinear" },
      },
      imageSize: {
        train: [
          { fromEpoch: 0, size: 32 },
          { fromEpoch: 1, size: 48 },
        ],
        test: { size: 40 },
      },
    });
    const photographs = resnet(20, { input: [3, 40, 40] });
    const preprocessing = { ...place.preprocessing, mean: [0, 0, 0], deviation: [1, 1, 1] };
    const there = {
      ...place,
      spec: photographs,
      preprocessing: { ...preprocessing, size: [40, 40], channels: 3 },
    } as const;
    const whole = estimate(growing, { ...there, validates: true }, ({ spec: { input } }) => 1000 / input[1]);
    const alone = estimate(recipeOf(16), {
      ...there,
      spec: { ...photographs, input: [3, 48, 48] },
      preprocessing: { ...there.preprocessing, size: [48, 48] },
    });
    expect([whole.arenaBytes, whole.stateBytes]).toEqual([alone.arenaBytes, alone.stateBytes]);
    expect(whole.loaderBytes).toBe(3 * 16 * (4 * 3 * (48 * 48 + 40 * 40) + 2 * 4));
    const secondsPerEpoch = (side: number): number => 60_000 / (1000 / side);
    expect(whole.secondsPerEpoch).toBeCloseTo(secondsPerEpoch(48), 9);
    expect(whole.seconds).toBeCloseTo(secondsPerEpoch(32) + 2 * secondsPerEpoch(48), 9);
    expect(whole.sizes.map(({ imageSize, epochs }) => [imageSize, epochs])).toEqual([
      [[32, 32], 1],
      [[48, 48], 2],
    ]);
    expect(whole.evaluationSize).toEqual([40, 40]);
    expect(alone.seconds).toBeNull();
  });

  test("comes within the state's size of the reference engine's arena, which alone makes new weights outside of the state", async () => {
    const engine = await createReferenceEngine();
    const { graph } = buildTrainingGraph(spec, recipeOf(8));
    const state = await engine.createState(startingState([graph], spec, initialTensors(spec, 0), null));
    const program = await engine.compile(makePlan(graph), state);
    const { arenaBytes, stateBytes } = estimate(recipeOf(8), place);
    expect(program.memory.arenaBytes).toBeGreaterThanOrEqual(arenaBytes);
    expect(program.memory.arenaBytes).toBeLessThan(arenaBytes + 1.1 * stateBytes);
    await engine.dispose();
  });
});

describe("largestBatch(recipe, place, availableBytes)", () => {
  test("fits, while one image more does not", () => {
    const available = estimate(recipeOf(128), place).totalBytes / 2;
    const batch = largestBatch(recipeOf(128), place, available);
    expect(estimate(recipeOf(batch), place).totalBytes).toBeLessThanOrEqual(available);
    expect(estimate(recipeOf(batch + 1), place).totalBytes).toBeGreaterThan(available);
  });

  test("is 0 where nothing fits, and where only a batch fits that batch norm can't train on", () => {
    expect(largestBatch(recipeOf(128), place, 1_000_000)).toBe(0);
    // Two strides bring 3×3 pixels to 1×1: a batch of one leaves one value a channel.
    const small = { ...place, spec: resnet(20, { input: [1, 3, 3] }), sourceBytes: 0 };
    const one = estimate(recipeOf(2), small).totalBytes - 1;
    expect(largestBatch(recipeOf(128), small, one)).toBe(0);
  });
});

describe("refuseIfTooLarge(recipe, place, availableBytes)", () => {
  test("says what it takes, what there is, and which batch fits", () => {
    expect(() => refuseIfTooLarge(recipeOf(128), place, 2 ** 40)).not.toThrow();
    expect(() => refuseIfTooLarge(recipeOf(1024), place, 300 * 2 ** 20)).toThrow(
      /^training resnet20 in batches of 1024 takes 1\.1 GiB \(arena 1\.1 GiB, state 3 MiB, loader 10 MiB, images 1 MiB, decoding 3 MiB\) but 300 MiB of memory are available; the largest batch that fits is \d+: take --batch \d+$/,
    );
    expect(() => refuseIfTooLarge(recipeOf(128), place, 1_000_000)).toThrow(
      /no batch fits: take a smaller network or smaller images, or fewer --workers$/,
    );
    const inMemory = { ...place, decodingBytes: 0 };
    expect(() => refuseIfTooLarge(recipeOf(128), inMemory, 1_000_000)).toThrow(/loader 2 MiB, images 1 MiB\) but/);
    expect(() => refuseIfTooLarge(recipeOf(128), inMemory, 1_000_000)).toThrow(/or smaller images$/);
  });
});
