import { mkdir, open, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { openDataSet } from "../open-data-set.ts";
import { parquet, shard, smallImages } from "../sources.test.fixture.ts";
import { temporaryDirectory } from "../temporary-directory.test.fixture.ts";

const images = await smallImages(2, 11);
const others = await smallImages(1, 12);
/** Two of the training images among ten others. */
const held = others.map((image, i) => (i === 3 ? images[7]! : i === 8 ? images[0]! : image));

const folderOf = async (files: Readonly<Record<string, Uint8Array>>): Promise<string> => {
  const directory = await temporaryDirectory();
  for (const [name, bytes] of Object.entries(files)) await writeFile(join(directory, name), bytes);
  return directory;
};

/** What is told when the data set is opened. */
const toldOf = async (directory: string): Promise<readonly string[]> => {
  const told: string[] = [];
  await openDataSet(directory, {
    onEvent: (event) => {
      if ("message" in event) told.push(`${event.event}: ${event.message}`);
    },
  });
  return told;
};

describe("pictures in train and in a held-out split", () => {
  test("are told of tar shards, by archive and member, of each split", async () => {
    const directory = await folderOf({
      "train-0.tar": shard(images),
      "test-0.tar": shard(held),
      "val-0.tar": shard([images[1]!, ...others]),
    });
    expect(await toldOf(directory)).toEqual([
      "warning: 2 test images are training images as well, byte for byte (test-0.tar: 000003.png = train-0.tar: 000007.png, test-0.tar: 000008.png = train-0.tar: 000000.png); test accuracy is flattered by them",
      "warning: 1 validation image is a training image as well, byte for byte (val-0.tar: 000000.png = train-0.tar: 000001.png); validation accuracy is flattered by them",
    ]);
  });

  test("are told of Parquet files, by file and row", async () => {
    const directory = await folderOf({ "train.parquet": parquet(images), "test.parquet": parquet(held) });
    expect(await toldOf(directory)).toEqual([
      "warning: 2 test images are training images as well, byte for byte (test.parquet: row 3 = train.parquet: row 7, test.parquet: row 8 = train.parquet: row 0); test accuracy is flattered by them",
    ]);
  });

  test("are told where a fifth is held out of files that name no split, too", async () => {
    const twice = images.flatMap((image) => [image, image, image, image]);
    const [told = "", ...more] = await toldOf(await folderOf({ "all.parquet": parquet(twice) }));
    expect(more).toEqual([]);
    expect(told).toMatch(/^warning: \d+ test images are training images as well, byte for byte \(all\.parquet: row/);
  });

  test("are not told of where there are none, and pictures without bytes are passed over", async () => {
    const broken = [{ label: 2, png: null }, ...others];
    const directory = await folderOf({ "train.parquet": parquet(images), "test.parquet": parquet(broken) });
    expect(await toldOf(directory)).toEqual([]);
    const shards = await folderOf({ "train-0.tar": shard(images), "test-0.tar": shard(others) });
    expect(await toldOf(shards)).toEqual([]);
  });

  test("are left to data inspect where they have too many bytes, which is said", async () => {
    const directory = await temporaryDirectory();
    await mkdir(directory, { recursive: true });
    const whole = Buffer.from(parquet(images));
    const footer = whole.length - 8 - whole.readUInt32LE(whole.length - 8);
    const file = await open(join(directory, "train.parquet"), "w"); // a hole of 1.5 GiB between pages and footer
    await file.write(whole, 0, footer, 0);
    await file.write(whole, footer, whole.length - footer, 1.5 * 2 ** 30);
    await file.close();
    await writeFile(join(directory, "test.parquet"), parquet(held));
    expect(await toldOf(directory)).toEqual([
      `notice: training and test images were not compared, for which 1.5 GiB would be read; residual data inspect ${directory} finds those that are the same`,
    ]);
  });
});
