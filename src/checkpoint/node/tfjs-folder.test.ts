// Real folders in a temporary directory.
import * as fs from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { FormatError, UsageError } from "../../base/errors.ts";
import { tensor } from "../../base/tensor.ts";
import type { TfjsModel } from "../tfjs.ts";
import { readTfjsFolder, writeTfjsFolder } from "./tfjs-folder.ts";

let directory = "";
beforeEach(async () => {
  directory = await fs.mkdtemp(join(tmpdir(), "residual-tfjs-"));
});
afterEach(() => fs.rm(directory, { recursive: true, force: true }));

const model: TfjsModel = {
  topology: { class_name: "Model" },
  tensors: new Map([["fc/bias", tensor("f32", [3], Float32Array.of(1, 2, 3))]]),
  metadata: {},
};
const failure = (promise: Promise<unknown>): Promise<unknown> => promise.catch((error: unknown) => error);

describe("writeTfjsFolder(folder, model)", () => {
  test("writes what readTfjsFolder(file) reads, and leaves nothing beside it", async () => {
    const folder = join(directory, "m");
    await writeTfjsFolder(folder, model);
    expect(await readTfjsFolder(join(folder, "model.json"))).toEqual(model);
    expect(await fs.readdir(directory)).toEqual(["m"]);
    expect((await fs.readdir(folder)).toSorted()).toEqual(["group1-shard1of1.bin", "model.json"]);
  });

  test("refuses a name that is taken, and leaves what is there", async () => {
    const folder = join(directory, "m");
    await fs.mkdir(folder);
    const error = await failure(writeTfjsFolder(folder, model));
    expect(error).toEqual(new UsageError(`can't write ${folder}: it exists already; name another folder`));
    expect(await fs.readdir(folder)).toEqual([]);
  });
});

describe("readTfjsFolder(file)", () => {
  test("measures shards before it takes memory for them", async () => {
    const file = join(directory, "m", "model.json");
    await writeTfjsFolder(join(directory, "m"), model);
    await fs.truncate(join(directory, "m", "group1-shard1of1.bin"), 2 ** 40);
    const error = await failure(readTfjsFolder(file));
    expect(error).toEqual(new FormatError(file, `its weights take 12 bytes but its shards have ${2 ** 40}`));
  });

  test("refuses a shard that is a link to outside", async () => {
    const file = join(directory, "m", "model.json");
    await writeTfjsFolder(join(directory, "m"), model);
    await fs.rename(join(directory, "m", "group1-shard1of1.bin"), join(directory, "elsewhere"));
    await fs.symlink("../elsewhere", join(directory, "m", "group1-shard1of1.bin"));
    const error = await failure(readTfjsFolder(file));
    expect(error).toEqual(
      new FormatError(file, 'the shard "group1-shard1of1.bin" is a link to outside the model\'s folder'),
    );
  });

  test("says which shard is missing", async () => {
    const file = join(directory, "m", "model.json");
    await writeTfjsFolder(join(directory, "m"), model);
    await fs.rm(join(directory, "m", "group1-shard1of1.bin"));
    const error = await failure(readTfjsFolder(file));
    expect(error).toEqual(new UsageError(`can't read the model ${file}: there is no such file or directory`));
  });
});
