// The same images, whatever they are stored in, give the same batches.
import { createHash } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { noAugmentation } from "../augmentation.ts";
import type { DataSet } from "../data-set.ts";
import { preprocessingOf } from "../preprocessing.ts";
import { inceptionCrop } from "../random-crop.ts";
import type { ImageSource } from "../source.ts";
import { openEvaluationLoader, openTrainingLoader } from "./loader.ts";
import { openDataSet } from "./open-data-set.ts";
import { cifarClasses, smallImages, writeAllForms } from "./sources.test.fixture.ts";
import { temporaryDirectory } from "./temporary-directory.test.fixture.ts";

const forms = ["cifar", "images", "shards", "parquet"] as const;
type Form = (typeof forms)[number];

const opened = new Map<Form, DataSet>();
let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "residual-data-"));
  const places = await writeAllForms(folder, await smallImages(4, 1), await smallImages(2, 2));
  for (const form of forms) opened.set(form, await openDataSet(places[form], { cache: join(folder, "cache") }));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const preprocessing = preprocessingOf([3, 32, 32], { mean: [0.4, 0.5, 0.6], deviation: [0.2, 0.3, 0.25] });

const hashOf = (values: readonly (Float32Array | Int32Array)[]): string => {
  const hash = createHash("sha256");
  for (const { buffer, byteOffset, byteLength } of values) hash.update(new Uint8Array(buffer, byteOffset, byteLength));
  return hash.digest("hex");
};

/** Three epochs of five steps. */
const trained = async (source: ImageSource, workers: number, crop: typeof inceptionCrop | null): Promise<string[]> => {
  const augmentation = { ...noAugmentation, crop, pad: crop === null ? 4 : 0, flip: true };
  const loader = openTrainingLoader({ source, preprocessing, augmentation, seed: 9, batch: 8, workers });
  const hashes: string[] = [];
  for (let step = 0; step < 15; step++) {
    const { images, labels, indices, broken, release } = await loader.next();
    expect(broken).toEqual([]);
    hashes.push(hashOf([images.data, labels.data, indices]));
    release();
  }
  await loader.dispose();
  return hashes;
};

const evaluated = async (source: ImageSource, workers: number): Promise<string[]> => {
  const loader = openEvaluationLoader({ source, preprocessing, batch: 8, workers });
  const hashes: string[] = [];
  for (let batch = await loader.next(); batch !== null; batch = await loader.next()) {
    hashes.push(`${batch.count} ${hashOf([batch.images.data, batch.labels.data, batch.indices])}`);
    batch.release();
  }
  await loader.dispose();
  return hashes;
};

const dataOf = (form: Form): DataSet => {
  const data = opened.get(form);
  if (data === undefined) throw new Error(`${form} was not opened`);
  return data;
};

describe("CIFAR binaries, a folder, tar shards and Parquet files of the same images", () => {
  test("are each recognised, with the same classes and labels in the same order", () => {
    expect(forms.map((form) => dataOf(form).train.kind)).toEqual(["memory", "files", "spans", "parquet"]);
    for (const form of forms) {
      const { classes, train, test: tested, validation } = dataOf(form);
      expect([classes, validation]).toEqual([cifarClasses, null]);
      expect([...train.labels]).toEqual(Array.from({ length: 40 }, (_, i) => Math.floor(i / 4)));
      expect([...tested.labels]).toEqual(Array.from({ length: 20 }, (_, i) => Math.floor(i / 2)));
    }
  });

  test.each([0, 1, 2])("give the same training batches for the same seed, with %d workers", async (workers) => {
    const expected = await trained(dataOf("cifar").train, 0, null);
    expect(new Set(expected).size).toBe(15);
    const cropped = await trained(dataOf("cifar").train, 0, inceptionCrop);
    for (const form of forms) {
      expect(await trained(dataOf(form).train, workers, null), form).toEqual(expected);
      expect(await trained(dataOf(form).train, workers, inceptionCrop), form).toEqual(cropped);
    }
  });

  test.each([0, 2])("give the same evaluation batches, with %d workers", async (workers) => {
    const expected = await evaluated(dataOf("cifar").test, 0);
    expect(expected).toHaveLength(3);
    for (const form of forms) expect(await evaluated(dataOf(form).test, workers), form).toEqual(expected);
  });

  test("give the same validation split", async () => {
    const places = await writeAllForms(await temporaryDirectory(), await smallImages(4, 1), await smallImages(2, 2));
    const held = async (form: Form) => {
      const { train, validation } = await openDataSet(places[form], { validation: 10, seed: 3 });
      return [await evaluated(train, 0), validation === null ? [] : await evaluated(validation, 0)];
    };
    const expected = await held("cifar");
    for (const form of forms) expect(await held(form), form).toEqual(expected);
  });
});
