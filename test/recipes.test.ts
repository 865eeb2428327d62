// What the papers' recipes come to, in images and rates.
import { expect, test } from "vitest";
import { recipes } from "../recipes/index.ts";
import { photographPreprocessing } from "../src/data/photographs.ts";
import { verifyGraph } from "../src/graph/verify.ts";
import { resnet } from "../src/spec/named-networks.ts";
import { learningRateAt } from "../src/train/schedule.ts";
import { sizeStages, testPreprocessing } from "../src/train/size-stages.ts";
import { buildTrainingGraph } from "../src/train/training-graph.ts";
import { trainingLength } from "../src/train/training-length.ts";

const imageNet = 1_281_167;
const of = (name: string) => {
  const recipe = recipes.get(name);
  if (recipe === undefined) throw new Error(`there is no recipe ${name}`);
  return recipe;
};
const rateAt = (name: string, images: number, step: number): number => {
  const recipe = of(name);
  return learningRateAt(recipe.schedule, { step, ...trainingLength(recipe, images) });
};

test.each([
  ["he-2015-imagenet", 256, 5004],
  ["goyal-2017", 8192, 156],
  ["howard-2018", 4096, 312],
  ["torchvision-2021", 1024, 1251],
  ["strikes-back-a3", 2048, 625],
])("%s updates by %i images, %i times an epoch of ImageNet", (name, images, steps) => {
  const recipe = of(name);
  expect(recipe.batch * recipe.accumulate).toBe(images);
  expect(trainingLength(recipe, imageNet).stepsPerEpoch).toBe(steps);
});

test("he-2015-cifar takes the paper's 64k iterations, but for the last epoch's part", () => {
  expect(trainingLength(of("he-2015-cifar"), 50_000).totalSteps).toBe(63_960);
  const rates = [0, 31_999, 32_000, 48_000].map((step) => rateAt("he-2015-cifar", 50_000, step));
  for (const [i, rate] of [0.1, 0.1, 0.01, 0.001].entries()) expect(rates[i]).toBeCloseTo(rate, 12);
  expect([0, 399, 400].map((step) => rateAt("he-2015-cifar-110", 50_000, step))).toEqual([0.1 * 0.1, 0.1 * 0.1, 0.1]);
});

test("goyal-2017 rises from 0.1 to 3.2 in 5 epochs, and falls at epochs 30, 60 and 80", () => {
  const rates = [0, 5, 30, 60, 80].map((epoch) => rateAt("goyal-2017", imageNet, epoch * 156));
  for (const [i, rate] of [0.1, 3.2, 0.32, 0.032, 0.0032].entries()) expect(rates[i]).toBeCloseTo(rate, 12);
});

test("howard-2018 grows its images as its rate falls, tenfold at epochs 16, 27 and 33", () => {
  const rates = [0, 5, 16, 27, 33].map((epoch) => rateAt("howard-2018", imageNet, epoch * 312));
  for (const [i, rate] of [0.5, 1, 0.1, 0.01, 0.001].entries()) expect(rates[i]).toBeCloseTo(rate, 12);
});

test.each([
  ["howard-2018", [128, 224, 288], [0, 14, 32, 35], 288, 328],
  ["torchvision-2021", [176], [0, 600], 224, 232],
  ["strikes-back-a3", [160], [0, 100], 224, 235],
])(
  "%s trains ResNet-50 at %j pixels, from epochs %j on, and tests at %i of %i",
  (name, sizes, epochs, tested, shorterSide) => {
    const recipe = of(name);
    const spec = resnet(50);
    const preprocessing = testPreprocessing(photographPreprocessing(spec.input), recipe.imageSize);
    const stages = sizeStages(recipe, { ...spec, input: [3, ...preprocessing.size] }, preprocessing);
    expect(stages.map((stage) => stage.spec.input[1])).toEqual(sizes);
    expect([...stages.map(({ fromEpoch }) => fromEpoch), recipe.epochs]).toEqual(epochs);
    expect(preprocessing).toMatchObject({ size: [tested, tested], fit: { kind: "crop", shorterSide } });
  },
);

test("torchvision-2021 averages the weights with the decay that its script computes", () => {
  // alpha = 1 − 0.99998; adjust = world_size · batch_size · model_ema_steps / epochs; 1 − min(1, alpha · adjust)
  expect(of("torchvision-2021").ema?.decay).toBeCloseTo(0.998_907_733_3, 9);
});

test("every recipe makes a graph of a whole training step", () => {
  for (const recipe of recipes.values()) {
    const spec = resnet(20, { input: [3, 32, 32], classes: 4 });
    const { graph, update } = buildTrainingGraph(spec, { ...recipe, batch: 2 });
    verifyGraph(graph);
    if (update !== null) verifyGraph(update);
    expect(graph.updates.length).toBeGreaterThan(0);
  }
});
