import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { UsageError } from "../../base/errors.ts";
import { encodeIdx } from "../idx.test.fixture.ts";
import { openDataSet } from "./open-data-set.ts";
import { temporaryDirectory } from "./temporary-directory.test.fixture.ts";

const write = async (directory: string, files: Record<string, Uint8Array>): Promise<string> => {
  for (const [name, bytes] of Object.entries(files)) await writeFile(join(directory, name), bytes);
  return directory;
};
const images = (count: number) => encodeIdx([count, 2, 3], new Uint8Array(count * 6).fill(count));
const labels = (...values: number[]) => encodeIdx([values.length], values);
const four = {
  "train-images-idx3-ubyte.gz": gzipSync(images(4)),
  "train-labels-idx1-ubyte": labels(0, 2, 1, 2),
  "t10k-images.idx3-ubyte": images(2),
  "t10k-labels-idx1-ubyte.gz": gzipSync(labels(1, 0)),
};

describe("openDataSet(nameOrPath, options)", () => {
  test("recognises a directory of IDX files, plain and gzip, and says so", async () => {
    const directory = await write(await temporaryDirectory(), four);
    const dataSet = await openDataSet(directory, { validation: 1 });
    expect(dataSet.origin).toBe(`IDX files, images [1, 2, 3], 3 classes, in ${directory}`);
    expect(dataSet.classes).toEqual(["0", "1", "2"]);
    expect([dataSet.train, dataSet.validation, dataSet.test].map((split) => split?.labels.length)).toEqual([3, 1, 2]);
    expect([...dataSet.test.labels]).toEqual([1, 0]);
  });
  test("suggests the nearest name for one that it doesn't know", async () => {
    const failure = openDataSet("fashion-mnits");
    await expect(failure).rejects.toBeInstanceOf(UsageError);
    await expect(failure).rejects.toThrow(
      '"fashion-mnits" is neither a data set known by name nor an existing directory; did you mean fashion-mnist? Known by name: fashion-mnist',
    );
  });
  test("names what it recognises when a directory holds something else", async () => {
    const directory = await temporaryDirectory();
    await mkdir(join(directory, "cats"));
    await expect(openDataSet(directory)).rejects.toThrow(
      `${directory} holds no data set that is recognised. Recognised are: IDX files (train-images-idx3-ubyte.gz and so on)`,
    );
  });
  test("asks for the directory when it is given a file", async () => {
    const directory = await write(await temporaryDirectory(), { f: labels(1) });
    await expect(openDataSet(join(directory, "f"))).rejects.toThrow(
      `${directory}/f is a file; give the directory of a data set.`,
    );
  });
  test("says which of the four files is not there", async () => {
    const { "t10k-labels-idx1-ubyte.gz": _, ...three } = four;
    const directory = await write(await temporaryDirectory(), three);
    await expect(openDataSet(directory)).rejects.toThrow(
      "but no test-labels file; it needs images and labels of both train and test (t10k)",
    );
  });
  test("refuses to choose between two files of one part", async () => {
    const directory = await write(await temporaryDirectory(), { ...four, "train-labels-idx1-ubyte.gz": labels(0) });
    await expect(openDataSet(directory)).rejects.toThrow(
      `${directory} holds both train-labels-idx1-ubyte and train-labels-idx1-ubyte.gz; remove one of them`,
    );
  });
  test("refuses test images of another size than the training images", async () => {
    const other = { ...four, "t10k-images.idx3-ubyte": encodeIdx([2, 3, 3], new Uint8Array(18)) };
    const directory = await write(await temporaryDirectory(), other);
    await expect(openDataSet(directory)).rejects.toThrow(
      `${directory}/t10k-images.idx3-ubyte: holds images [1, 3, 3] but the training images are [1, 2, 3] (at byte 8)`,
    );
  });
  test("refuses a test label that no training image has", async () => {
    const other = { ...four, "t10k-labels-idx1-ubyte.gz": labels(1, 3) };
    const directory = await write(await temporaryDirectory(), other);
    await expect(openDataSet(directory)).rejects.toThrow("label 3 of image 1 is not below 3 (at byte 9)");
  });
});
