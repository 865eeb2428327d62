// Photographs of two classes in files, and a training on them whose images grow: what its tests with the reference engine and with oneDNN
// share.
import { jpeg, writeFiles } from "../data/node/image-folder.test.fixture.ts";
import { openEvaluationLoader } from "../data/node/loader.ts";
import { temporaryDirectory } from "../data/node/temporary-directory.test.fixture.ts";
import { photographPreprocessing } from "../data/photographs.ts";
import { filesSource, type ImageSource } from "../data/source.ts";
import { parseSpec } from "../spec/parse-spec.ts";
import { type RecipeFields, recipe } from "./parse-recipe.ts";
import { testPreprocessing } from "./size-stages.ts";
import type { Training } from "./training.ts";

/** Wide enough for layouts in blocks of 16 channels. */
export const growingSpec = parseSpec(
  {
    name: "growing",
    input: [3, 32, 32],
    classes: 2,
    stem: { width: 16, kernel: 3, stride: 1, pool: null },
    stages: [{ blocks: 1, width: 32, stride: 2 }],
    block: "basic",
    shortcut: "B",
    head: { dropout: 0.1 },
  },
  "growing",
);

/** 12 images in updates of two batches of two: three updates an epoch; 8×8 for two epochs, then 12×12; tests at 16×16. */
export const growingRecipe: RecipeFields = {
  name: "growing",
  batch: 2,
  accumulate: 2,
  epochs: 4,
  optimizer: { kind: "sgd", nesterov: true, weightDecay: 5e-4 },
  clipGradients: { by: "norm", largest: 0.5 },
  ema: { decay: 0.8 },
  mixing: { mixup: 0.2, cutmix: 1 },
  schedule: { kind: "one-cycle", learningRate: 0.05 },
  augmentation: {
    crop: { kind: "random-resized", areaFraction: [0.35, 1], aspect: [3 / 4, 4 / 3], interpolation: "bilinear" },
    flip: true,
  },
  imageSize: {
    train: [
      { fromEpoch: 0, size: 8 },
      { fromEpoch: 2, size: 12 },
    ],
    test: { size: 16, shorterSide: 18 },
  },
  seed: 5,
  measureEverySteps: 2,
  checkpointEvery: { steps: 1000 },
};

const photographs = async (count: number, seed: number): Promise<ImageSource> => {
  const files: Record<string, Uint8Array> = {};
  for (let i = 0; i < count; i++) files[`${i}.jpg`] = await jpeg(30 + i, 24 + (i % 5), seed + i);
  const paths = Object.keys(files);
  return filesSource(
    await writeFiles(await temporaryDirectory(), files),
    paths,
    paths.map((_, i) => i % 2),
  );
};

/** For trainTiny: what of it is another. */
export const growingTraining = async () => {
  const preprocessing = testPreprocessing(photographPreprocessing(growingSpec.input), recipe(growingRecipe).imageSize);
  return {
    spec: { ...growingSpec, input: [3, 16, 16] },
    train: await photographs(12, 100),
    validation: await photographs(5, 200),
    preprocessing,
    classes: ["a", "b"],
    openEvaluationBatches: (source, batch) => openEvaluationLoader({ source, batch, preprocessing, workers: 0 }),
  } satisfies Partial<Training>;
};
