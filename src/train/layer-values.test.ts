import { expect, test } from "vitest";
import type { LayerValues } from "./layer-values.ts";
import type { RecipeFields } from "./parse-recipe.ts";
import { bytesOf, trainTiny } from "./train.test.fixture.ts";

const rate = 0.05;
const plain: Partial<RecipeFields> = {
  epochs: 4,
  optimizer: { kind: "sgd", momentum: 0, weightDecay: 0, nesterov: false },
  schedule: { kind: "constant", learningRate: rate },
  checkpointEvery: { steps: 1 },
};

test("tells weights and the last batch's gradients after the epochs that the recipe names: w − rate · g is the next w", async () => {
  const told: LayerValues[] = [];
  const onLayerValues = async (values: LayerValues): Promise<void> => void told.push(values);
  const { checkpoints } = await trainTiny({ onLayerValues }, { ...plain, histogramEveryEpochs: 2 });
  expect(told.map(({ step, epoch }) => [step, epoch])).toEqual([
    [10, 2],
    [20, 4],
  ]);
  for (const { step, weights, gradients } of told) {
    const after = checkpoints.find((checkpoint) => checkpoint.step === step)?.model ?? new Map();
    const before = checkpoints.find((checkpoint) => checkpoint.step === step - 1)?.model ?? new Map();
    expect([...gradients.keys()].sort()).toEqual([...weights.keys()].sort());
    expect(weights.size).toBeGreaterThan(5);
    for (const [name, gradient] of gradients) {
      expect(bytesOf(new Map([[name, weights.get(name)!]]))).toEqual(bytesOf(new Map([[name, after.get(name)!]])));
      gradient.data.forEach((g, i) => {
        const [from, to] = [before.get(name)?.data[i] ?? 0, after.get(name)?.data[i] ?? 0];
        // f32: the product and the difference are rounded once each.
        const tolerance = 2 ** -23 * (Math.abs(from) + Math.abs(rate * g));
        expect(Math.abs(from - rate * g - to), `${name}[${i}]`).toBeLessThanOrEqual(tolerance);
      });
    }
  }
});

test("changes nothing of the training, and is not asked for by default", async () => {
  const told: LayerValues[] = [];
  const onLayerValues = async (values: LayerValues): Promise<void> => void told.push(values);
  const [without, drawn] = [await trainTiny({ onLayerValues }), await trainTiny({}, { histogramEveryEpochs: 1 })];
  expect(told).toEqual([]);
  expect(bytesOf(drawn.result.checkpoint.model)).toEqual(bytesOf(without.result.checkpoint.model));
});

test("with accumulation tells the gradients of the last batch of the epoch", async () => {
  const told: LayerValues[] = [];
  const onLayerValues = async (values: LayerValues): Promise<void> => void told.push(values);
  await trainTiny({ onLayerValues }, { accumulate: 2, histogramEveryEpochs: 1 });
  expect(told.map(({ step, gradients }) => [step, gradients.size > 5])).toEqual([
    [2, true],
    [4, true],
  ]);
});
