// The same small images, whatever they are stored in, are trained on in the same way by default: the same network, preprocessing and
// batches, and after some steps the same weights.
import { createHash } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { noAugmentation } from "../../data/augmentation.ts";
import { openDataSet } from "../../data/node/open-data-set.ts";
import { smallImages, writeAllForms } from "../../data/node/sources.test.fixture.ts";
import { namedSpec } from "../../spec/named-networks.ts";
import { parseSpec } from "../../spec/parse-spec.ts";
import { madeUpEnvironment, tinySpec } from "../environment.test.fixture.ts";
import { trainInMemory } from "../train.ts";
import { chooseRecipe } from "./choose-recipe.ts";
import { type Preparation, prepareTraining, trainingOf } from "./preparation.ts";

const forms = ["cifar", "images", "shards", "parquet"] as const;
let folder = "";
let places: Awaited<ReturnType<typeof writeAllForms>>;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "residual-same-start-"));
  places = await writeAllForms(folder, await smallImages(3, 1), await smallImages(1, 2));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const environment = { ...madeUpEnvironment(tmpdir()), openDataSet };

const firstBatches = async (preparation: Preparation): Promise<readonly string[]> => {
  const { preprocessing, data } = preparation;
  const { openTrainingBatches } = trainingOf(preparation, environment, 0);
  const augmentation = { ...noAugmentation, pad: 4, flip: true };
  const loader = openTrainingBatches({ source: data.train, preprocessing, augmentation, seed: 0, batch: 10 });
  const hashes: string[] = [];
  for (let step = 0; step < 4; step++) {
    const { images, labels, release } = await loader.next();
    hashes.push(createHash("sha256").update(images.data).update(labels.data).digest("hex"));
    release();
  }
  await loader.dispose();
  return hashes;
};

test("CIFAR binaries, a folder, shards and Parquet begin with the same network, preprocessing and batches", {
  timeout: 120_000,
}, async () => {
  const recipe = await chooseRecipe({ batch: 10 }, new Map(), folder);
  const begun = [];
  for (const form of forms) {
    const preparation = await prepareTraining({ data: places[form], recipe }, environment);
    const { spec, preprocessing } = preparation;
    begun.push({ spec, preprocessing, batches: await firstBatches(preparation) });
  }
  expect(begun[0]?.spec).toEqual(namedSpec("resnet20", { input: [3, 32, 32], classes: 10 }));
  expect(begun[0]?.preprocessing).toMatchObject({ size: [32, 32], channels: 3 });
  expect(begun[0]?.preprocessing.fit).toBeUndefined();
  expect(new Set(begun[0]?.batches).size).toBe(4);
  for (const other of begun) expect(other).toEqual(begun[0]);
});

test("they give the same weights after some steps", { timeout: 120_000 }, async () => {
  const model = parseSpec({ ...tinySpec(10), input: [3, 32, 32] }, "tiny");
  const hashes = [];
  for (const form of forms) {
    const options = { data: places[form], model, batch: 6, epochs: 1, engine: "reference" } as const;
    const { result } = await trainInMemory(options, environment);
    const hash = createHash("sha256");
    for (const [name, { data }] of result.checkpoint.model) hash.update(name).update(data);
    hashes.push(hash.digest("hex"));
  }
  expect(new Set(hashes).size).toBe(1);
});
