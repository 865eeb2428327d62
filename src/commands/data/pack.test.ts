import { createHash } from "node:crypto";
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import tar from "tar-stream";
import { describe, expect, test } from "vitest";
import { UsageError } from "../../base/errors.ts";
import { openDataSet } from "../../data/node/open-data-set.ts";
import { openReader } from "../../data/node/readers.ts";
import { cifarClasses, type SmallImage, smallImages, writeAllForms } from "../../data/node/sources.test.fixture.ts";
import { temporaryDirectory } from "../../data/node/temporary-directory.test.fixture.ts";
import type { ImageSource } from "../../data/source.ts";
import { madeUpEnvironment } from "../environment.test.fixture.ts";
import type { CommandEvent } from "../events.ts";
import { packData } from "./pack.ts";

const train: readonly SmallImage[] = await smallImages(2, 1);
const held: readonly SmallImage[] = await smallImages(1, 2);

const environmentOf = (cwd: string, events: CommandEvent[] = []) => ({
  ...madeUpEnvironment(cwd, undefined, events),
  openDataSet,
});

const hashOf = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

/** Every file of a folder, by its contents. */
const contentsOf = async (folder: string): Promise<Readonly<Record<string, string>>> =>
  Object.fromEntries(
    await Promise.all(
      (await readdir(folder)).sort().map(async (name) => [name, hashOf(await readFile(join(folder, name)))] as const),
    ),
  );

const pixelsOf = async (source: ImageSource): Promise<readonly string[]> => {
  const reader = openReader(source);
  const all: string[] = [];
  for (let image = 0; image < reader.labels.length; image++) {
    if (reader.kind === "pixels") throw new Error("pictures are expected");
    all.push(hashOf((await (await reader.picture(image)).decode(3)).bytes));
  }
  return all;
};

/** Members of an archive, as tar-stream reads them. */
const membersOf = async (
  path: string,
): Promise<readonly { readonly name: string; readonly hash: string; readonly time: number }[]> => {
  const members: { name: string; hash: string; time: number }[] = [];
  const extract = tar.extract();
  Readable.from([await readFile(path)]).pipe(extract);
  for await (const entry of extract) {
    const hash = createHash("sha256");
    for await (const chunk of entry) if (chunk instanceof Uint8Array) hash.update(chunk);
    members.push({ name: entry.header.name, hash: hash.digest("hex"), time: entry.header.mtime?.getTime() ?? -1 });
  }
  return members;
};

describe("packData(options, environment)", () => {
  test("writes the images' own bytes, which tar-stream reads, and which read back as the same data set", async () => {
    const cwd = await temporaryDirectory();
    const { images } = await writeAllForms(cwd, train, held);
    const options = { data: images, shards: "packed", shardBytes: 2 ** 15 };
    const events: CommandEvent[] = [];
    const document = await packData(options, environmentOf(cwd, events));
    const folder = join(cwd, "packed");
    expect([document.folder, document.images, document.classes]).toEqual([folder, 30, 10]);
    const names = (await readdir(folder)).sort();
    expect(names).toEqual(["classes.txt", "pack.json", ...document.shards.map(({ file }) => file).sort()]);
    expect(names).toContain("train-000002.tar");
    expect(names).toContain("val-000000.tar");
    expect(document.shards.every(({ bytes }) => bytes <= 2 ** 15)).toBe(true);
    const members = await membersOf(join(folder, "train-000000.tar"));
    expect(members.slice(0, 2)).toEqual([
      { name: "000000000.cls", hash: hashOf(Buffer.from("0")), time: 0 },
      { name: "000000000.png", hash: hashOf(train[0]!.png), time: 0 },
    ]);
    const [before, after] = [await openDataSet(images), await openDataSet(folder)];
    expect(after.classes).toEqual(before.classes);
    expect([...after.train.labels, ...after.test.labels]).toEqual([...before.train.labels, ...before.test.labels]);
    expect(await pixelsOf(after.train)).toEqual(await pixelsOf(before.train));
    expect(events.at(-1)).toEqual({ event: "packing", folder, images: 30, ofImages: 30 });
    for (const { file, sha256 } of document.shards) expect(sha256).toBe(hashOf(await readFile(join(folder, file))));
  });

  test("writes the same bytes from every form, and images in memory as PNG files of the same pixels", async () => {
    const cwd = await temporaryDirectory();
    const forms = await writeAllForms(cwd, train, held);
    const packed = new Map<string, Readonly<Record<string, string>>>();
    for (const [form, data] of Object.entries(forms)) {
      const { leftOut } = await packData({ data, shards: `packed-${form}`, shardBytes: 2 ** 17 }, environmentOf(cwd));
      expect(leftOut).toEqual([]);
      const { "pack.json": _, ...shards } = await contentsOf(join(cwd, `packed-${form}`));
      packed.set(form, shards);
    }
    expect(packed.get("shards")).toEqual(packed.get("images"));
    expect(packed.get("parquet")).toEqual(packed.get("images"));
    const fromMemory = await openDataSet(join(cwd, "packed-cifar"));
    expect(fromMemory.classes).toEqual(cifarClasses);
    expect(await pixelsOf(fromMemory.train)).toEqual(await pixelsOf((await openDataSet(forms.images)).train));
  });

  test("goes on after the last whole shard, to the same bytes", async () => {
    const cwd = await temporaryDirectory();
    const { images } = await writeAllForms(cwd, train, held);
    const options = { data: images, shards: "whole", shardBytes: 2 ** 15 };
    await packData(options, environmentOf(cwd));
    const expected = await contentsOf(join(cwd, "whole"));
    const controller = new AbortController();
    const stopping = {
      ...environmentOf(cwd),
      signal: controller.signal,
      onEvent: (event: CommandEvent) => {
        if (event.event === "packing" && event.images === 17) controller.abort(new Error("Ctrl-C"));
      },
    };
    await expect(packData({ ...options, shards: "broken" }, stopping)).rejects.toThrow("Ctrl-C");
    const left = await readdir(join(cwd, "broken.part"));
    expect(left).toContain("train-000000.tar");
    expect(left.filter((name) => name.startsWith("."))).toEqual([]);
    // What a kill leaves of a shard.
    await writeFile(join(cwd, "broken.part", ".train-000001.tar.0123abcd.partial"), "half");
    const other = packData({ ...options, shards: "broken", shardBytes: 2 ** 16 }, environmentOf(cwd));
    await expect(other).rejects.toThrow(
      `${join(cwd, "broken.part")} holds an unfinished pack of other data, or other options; remove it, or choose another folder`,
    );
    const document = await packData({ ...options, shards: "broken" }, environmentOf(cwd));
    expect(document.shards[0]?.sha256).toBeNull();
    expect(document.images).toBe(30);
    expect(await contentsOf(join(cwd, "broken"))).toEqual(expected);
  });

  test("tells what a try left out before it was interrupted, and goes on however the path is written", async () => {
    const cwd = await temporaryDirectory();
    const { images } = await writeAllForms(cwd, train, held);
    const file = join(images, "train/airplane/0000.png");
    const whole = await readFile(file);
    /** The image is unreadable from when the data set is open on. */
    const losing = {
      ...environmentOf(cwd),
      openDataSet: async (data: string) => {
        await writeFile(file, whole);
        const opened = await openDataSet(data);
        await writeFile(file, "no picture");
        return opened;
      },
    };
    const options = { data: images, shardBytes: 2 ** 15 };
    for (const shards of ["first", "second"]) {
      const controller = new AbortController();
      const onEvent = (event: CommandEvent) => {
        if (event.event === "packing" && event.images === 17) controller.abort(new Error("Ctrl-C"));
      };
      const stopping = { ...losing, signal: controller.signal, onEvent };
      await expect(packData({ ...options, shards }, stopping)).rejects.toThrow("Ctrl-C");
      expect(await readdir(join(cwd, `${shards}.part`))).toContain("train-000000.tar");
    }
    const name = "train/airplane/0000.png";
    const respelt = { ...options, data: `${images}/train/.././` };
    const first = await packData({ ...respelt, shards: "first" }, losing);
    expect(first.images).toBe(29);
    expect(first.leftOut).toEqual([{ file: name, problem: "is not a picture: it begins as none does" }]);
    // What can be read again by now isn't in the shard that is whole all the same.
    await writeFile(file, whole);
    const second = await packData({ ...options, shards: "second" }, environmentOf(cwd));
    expect(second.leftOut).toEqual([{ file: name, problem: "could not be read when its shard was written" }]);
    expect(await contentsOf(join(cwd, "second"))).toEqual(await contentsOf(join(cwd, "first")));
  });

  test("keeps spaces at the ends of classes' names", async () => {
    const cwd = await temporaryDirectory();
    for (const [label, name] of [" cat", "cat", "dog "].entries()) {
      await mkdir(join(cwd, "pets", name), { recursive: true });
      for (let i = 0; i < 5; i++) await writeFile(join(cwd, "pets", name, `${i}.png`), train[5 * label + i]!.png);
    }
    await packData({ data: join(cwd, "pets"), shards: "packed" }, environmentOf(cwd));
    expect((await openDataSet(join(cwd, "packed"))).classes).toEqual([" cat", "cat", "dog "]);
  });

  test("leaves out images that can't be read, says so, and counts on", async () => {
    const cwd = await temporaryDirectory();
    const { images } = await writeAllForms(cwd, train, held);
    const events: CommandEvent[] = [];
    const environment = environmentOf(cwd, events);
    const losing = {
      ...environment,
      openDataSet: async (data: string) => {
        const opened = await openDataSet(data);
        await rm(join(images, "train/airplane/0000.png"));
        await writeFile(join(images, "train/airplane/0001.png"), "no picture");
        return opened;
      },
    };
    const { images: count, leftOut } = await packData({ data: images, shards: "packed" }, losing);
    expect(count).toBe(28);
    expect(leftOut).toEqual([
      { file: "train/airplane/0000.png", problem: "is not there" },
      { file: "train/airplane/0001.png", problem: "is not a picture: it begins as none does" },
    ]);
    expect(events.filter(({ event }) => event === "warning")).toHaveLength(2);
    expect((await membersOf(join(cwd, "packed", "train-000000.tar")))[0]?.name).toBe("000000002.cls");
  });

  test("refuses a folder that exists, and shards that are too small", async () => {
    const cwd = await temporaryDirectory();
    await mkdir(join(cwd, "there"));
    const pack = (options: { shards: string; shardBytes?: number }) =>
      packData({ data: "any", ...options }, environmentOf(cwd));
    await expect(pack({ shards: "there" })).rejects.toBeInstanceOf(UsageError);
    await expect(pack({ shards: "there" })).rejects.toThrow("exists already; choose another file, or remove it first");
    await expect(pack({ shards: "a", shardBytes: 100 })).rejects.toThrow("a shard has at least 16384 bytes, not 100");
  });
});
