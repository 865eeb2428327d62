// A disk that fails while images are read, played by the memory of the process as a file: to read its first bytes is an error of the device
// (EIO). That says nothing about images, so none becomes broken, and what is read later, when the disk is well again, is whole.
import { execFile } from "node:child_process";
import { mkdir, rename, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { describe, expect, test } from "vitest";
import { FormatError, UsageError } from "../../base/errors.ts";
import { FileError } from "../../base/file-error.ts";
import { noAugmentation } from "../augmentation.ts";
import { photographPreprocessing } from "../photographs.ts";
import { probeFile } from "./image-folder/probe-file.ts";
import { openTrainingLoader } from "./loader.ts";
import { openDataSet } from "./open-data-set.ts";
import { readPictureFile } from "./picture-files.ts";
import { openReader } from "./readers.ts";
import { openShard } from "./shards/shard-index-cache.ts";
import { parquet, shard, smallImages } from "./sources.test.fixture.ts";
import { temporaryDirectory } from "./temporary-directory.test.fixture.ts";

const images = await smallImages(1, 5);
const failing = "/proc/self/mem";

/** A data set with one file of training images; what lies in its place can be exchanged. */
const dataSet = async (name: string, bytes: Uint8Array) => {
  const folder = join(await temporaryDirectory(), "data");
  await mkdir(folder);
  const [path, aside] = [join(folder, name), join(folder, "aside")];
  await writeFile(path, bytes);
  await writeFile(join(folder, name.replace("train", "test")), bytes);
  const { train } = await openDataSet(folder);
  const reader = openReader(train);
  if (reader.kind !== "pictures") throw new Error("photographs are pictures");
  return {
    path,
    train,
    reader,
    replace: async (target: string | null) => {
      await rename(path, aside);
      if (target !== null) await symlink(target, path);
    },
    restore: async () => {
      await rm(path, { force: true });
      await rename(aside, path);
    },
  };
};

const diskError = (path: string) =>
  new FileError(path, "EIO", `can't read ${path}: the disk reported an error`, expect.anything());

describe.skipIf(process.platform !== "linux")("images on a disk that fails", () => {
  test.each([
    ["train.tar", shard(images)],
    ["train.parquet", parquet(images, { pageSize: 10, rowGroupSize: 2 })],
  ])("are not broken: %s", async (name, bytes) => {
    const { path, reader, replace, restore } = await dataSet(name, bytes);
    expect((await reader.picture(0)).width).toBe(32);
    await replace(failing);
    for (const image of [5, 1]) await expect(reader.picture(image)).rejects.toThrow(diskError(path));
    await restore();
    for (const image of [5, 1]) expect((await reader.picture(image)).width).toBe(32);
    await replace(null);
    await expect(reader.picture(8)).rejects.toThrow(/^train.*: is not there$/);
    await expect(reader.picture(8)).rejects.toBeInstanceOf(FormatError);
  });

  test("of Parquet are read again after the file could not be opened", async () => {
    const { path, reader, replace, restore } = await dataSet("train.parquet", parquet(images));
    await replace(path); // goes round in a circle
    await expect(reader.picture(0)).rejects.toThrow(
      new UsageError(`can't read ${path}: its symbolic links go round in a circle`),
    );
    await restore();
    expect((await reader.picture(0)).width).toBe(32);
  });

  test("are not broken: files of a folder, which is looked at or read", async () => {
    const folder = await temporaryDirectory();
    const path = join(folder, "a.png");
    await symlink(failing, path);
    // Of 100 kB its first and last bytes are looked at.
    await expect(probeFile(folder, "a.png", 100_000, false)).rejects.toThrow(diskError(path));
    await rm(path);
    await symlink("a.png", path); // goes round in a circle
    const circle = new UsageError(`can't read ${path}: its symbolic links go round in a circle`);
    await expect(readPictureFile(path, "a.png", 1000)).rejects.toThrow(circle);
    await rm(path);
    await expect(readPictureFile(path, "a.png", 1000)).rejects.toThrow(new FormatError("a.png", "is not there"));
  });

  test("are not broken: shards whose index is made", async () => {
    const path = join(await temporaryDirectory(), "a.tar");
    await expect(openShard(path, "a.tar", false, undefined)).rejects.toThrow(new FormatError("a.tar", "is not there"));
    await symlink("a.tar", path);
    await expect(openShard(path, "a.tar", false, undefined)).rejects.toThrow(
      new UsageError(`can't read ${path}: its symbolic links go round in a circle`),
    );
    await rm(path);
    await mkdir(path);
    await expect(openShard(path, "a.tar", false, undefined)).rejects.toThrow(new FormatError("a.tar", "is not a file"));
  });

  test("are not broken where the process has too many files open", async () => {
    const folder = await temporaryDirectory();
    const picture = images[0]!.png;
    await writeFile(join(folder, "a.png"), picture);
    await writeFile(join(folder, "a.tar"), shard(images));
    await mkdir(join(folder, "b"));
    const child = fileURLToPath(new URL("./too-many-files.test.child.js", import.meta.url));
    const words = ["-c", 'ulimit -n 200; exec "$@"', "sh", process.execPath, child, folder, String(picture.length)];
    const { stdout } = await promisify(execFile)("/bin/sh", words);
    expect(JSON.parse(stdout)).toEqual(
      ["a.png", "a.png", "a.tar", "b"].map(
        (file) => `FileError: can't read ${join(folder, file)}: too many files are open`,
      ),
    );
  });

  test.each([0, 1])("end a training instead of others taking their places, with %i workers", async (workers) => {
    const { path, train, replace } = await dataSet("train.tar", shard(images));
    await replace(failing);
    const loader = openTrainingLoader({
      ...{ source: train, preprocessing: photographPreprocessing([3, 16, 16]), augmentation: noAugmentation },
      ...{ seed: 1, batch: 4, workers },
    });
    const error = await loader.next().catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(FileError);
    expect(error).toMatchObject({ path, code: "EIO" });
    expect(String(error)).toContain(`can't read ${path}: the disk reported an error`);
    await loader.dispose();
  });
});
