// What a training is handed by its preparation: loaders of photographs, some of them broken.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { DataSet } from "../../data/data-set.ts";
import { mostBytesAhead } from "../../data/node/decoding-memory.ts";
import { inEveryFormat, jpeg, writeFiles } from "../../data/node/image-folder.test.fixture.ts";
import { openDataSet } from "../../data/node/open-data-set.ts";
import type { ImageSource } from "../../data/source.ts";
import { namedSpec } from "../../spec/named-networks.ts";
import { recipe } from "../../train/parse-recipe.ts";
import { madeUpEnvironment } from "../environment.test.fixture.ts";
import type { CommandEvent } from "../events.ts";
import { estimateOf, prepareTraining, trainingOf } from "./preparation.ts";

const short = recipe({
  name: "short",
  batch: 2,
  epochs: 1,
  optimizer: { kind: "sgd" },
  schedule: { kind: "constant", learningRate: 0.1 },
});

let cwd = "";
beforeAll(async () => {
  cwd = await mkdtemp(join(tmpdir(), "residual-preparation-"));
});
afterAll(() => rm(cwd, { recursive: true, force: true }));

test("evaluation tells of a broken image once for each split, however many epochs there are", async () => {
  // Whole at both ends, so that the damage in between is found when it is decoded.
  const { "b.png": png = Buffer.alloc(0) } = await inEveryFormat();
  const damaged = png.fill(0x55, 100, png.length - 40);
  const good = await jpeg(20, 20, 1);
  const files = ["train", "val", "test"].flatMap((split) => [
    [`${split}/a/0.jpg`, good] as const,
    [`${split}/b/0.jpg`, good] as const,
  ]);
  await writeFiles(cwd, { ...Object.fromEntries(files), "val/b/1.png": damaged, "test/a/1.png": damaged });
  const events: CommandEvent[] = [];
  const environment = madeUpEnvironment(cwd, undefined, events);
  const stages = [{ blocks: 1, width: 16, stride: 1 }] as const;
  const preparation = await prepareTraining(
    {
      data: await openDataSet(cwd),
      model: namedSpec("resnet20", { input: [3, 8, 8], classes: 2, stages }),
      recipe: short,
      workers: 0,
    },
    environment,
  );
  const training = trainingOf(preparation, environment, 0);
  const evaluateOnce = async (source: ImageSource | null): Promise<void> => {
    if (source === null) throw new Error("there is no such split");
    const batches = training.openEvaluationBatches(source, 2);
    for (let batch = await batches.next(); batch !== null; batch = await batches.next()) batch.release();
    await batches.dispose();
  };
  const told = () => events.flatMap((event) => (event.event === "broken" ? [event.message] : []));
  const line = (file: string) => expect.stringContaining(`${file}: is damaged: it can't be decoded (`);
  await evaluateOnce(preparation.data.validation);
  await evaluateOnce(preparation.data.validation);
  expect(told()).toEqual([line("val/b/1.png")]);
  await evaluateOnce(preparation.data.test);
  await evaluateOnce(preparation.data.test);
  expect(told()).toEqual([line("val/b/1.png"), line("test/a/1.png")]);
});

test("the memory that is told counts what workers decode: the largest picture that the index saw, or else of a few", async () => {
  const folder = await mkdtemp(join(cwd, "sizes-"));
  const [small, large] = [await jpeg(100, 100, 1), await jpeg(400, 300, 2)];
  // Forty pictures, of which one that few would meet is large.
  const pictures = Array.from({ length: 20 }, (_, i) => [
    [`train/a/${i}.jpg`, small] as const,
    [`train/b/${i}.jpg`, i === 6 ? large : small] as const,
  ]).flat();
  await writeFiles(folder, {
    ...Object.fromEntries(pictures),
    "test/a/0.jpg": small,
    "test/b/0.jpg": small,
  });
  const decodingOf = async (data: DataSet, workers: number): Promise<number> => {
    const preparation = await prepareTraining(
      {
        data,
        model: namedSpec("resnet20", { input: [3, 8, 8], classes: 2, stages: [{ blocks: 1, width: 16, stride: 1 }] }),
        recipe: short,
        workers,
      },
      madeUpEnvironment(cwd, undefined, [], 2 ** 33),
    );
    return estimateOf(preparation, () => null).decodingBytes;
  };
  const one = (picture: Uint8Array, pixels: number): number => picture.length + 3.5 * pixels;
  const data = await openDataSet(folder);
  expect(await decodingOf(data, 0)).toBe(one(large, 400 * 300));
  expect(await decodingOf(data, 2)).toBe(2 * mostBytesAhead + 4 * one(large, 400 * 300)); // each of two has two batches to prepare
  const { largestPicture: _, ...unprobed } = data;
  expect(await decodingOf(unprobed, 0)).toBe(one(small, 100 * 100));
});
