import { mkdir, readdir, readFile, utimes, writeFile } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { FormatError } from "../../../base/errors.ts";
import { tarEntry } from "../../tar-entry.ts";
import type { DataSetEvent } from "../data-set-options.ts";
import { openDataSet } from "../open-data-set.ts";
import { openReader } from "../readers.ts";
import { cifarClasses, shard, smallImages, tar } from "../sources.test.fixture.ts";
import { temporaryDirectory } from "../temporary-directory.test.fixture.ts";
import { readShardIndex } from "./shard-index.ts";

const images = await smallImages(1, 5);
const png = images[0]!.png;

const folderOf = async (files: Readonly<Record<string, Uint8Array | string>>): Promise<string> => {
  const directory = await temporaryDirectory();
  for (const [name, bytes] of Object.entries(files)) {
    await mkdir(dirname(join(directory, name)), { recursive: true });
    await writeFile(join(directory, name), bytes);
  }
  return directory;
};

/** A member of another type than an ordinary file: "x" (pax records), "1" (a hard link), "5" (a folder). */
const typed = (type: string, name: string, contents = ""): Uint8Array => {
  const [header, ...rest] = tarEntry(name, new TextEncoder().encode(contents));
  if (header === undefined) throw new Error("an entry begins with its header");
  header[156] = type.charCodeAt(0);
  header.fill(0x20, 148, 156); // the checksum counts as spaces
  const checksum = header.reduce((sum, byte) => sum + byte, 0);
  header.set(new TextEncoder().encode(`${checksum.toString(8).padStart(6, "0")}\0 `), 148);
  return Buffer.concat([header, ...rest]);
};

/** The index of an archive in memory. */
const indexOf = (bytes: Uint8Array) =>
  readShardIndex(
    async (at, length) => {
      if (at + length > bytes.length) throw new FormatError("s.tar", "is cut off", at);
      return bytes.subarray(at, at + length);
    },
    "s.tar",
    bytes.length,
  );

describe("the samples of a shard", () => {
  test("are images and labels under one name, in whatever order, with other members beside", async () => {
    const { samples, leftOut, withoutImage } = await indexOf(
      tar([
        ["a/1.cls", "4\n"],
        ["a/1.png", png],
        ["a/1.seg.npy", "x"],
        ["a/2.jpg", png],
        ["a/2.json", '{"label": 7, "caption": "a dog"}'],
        ["3.image.WEBP", png],
        ["3.txt", "great dane"],
        ["4.cls", "1"],
        ["5.png", png],
        ["6.png", ""],
        ["6.cls", "2"],
        ["7.png", png],
        ["7.txt", `${"a very long caption ".repeat(20)}`],
        ["8.png", png],
        ["8.json", '{"caption": 3}'],
        ["9.png", png],
        ["9.json", '{"class_name": "tench"}'],
        ["9.cls", "-1"],
      ]),
    );
    expect(samples.map(({ name, label }) => [name, label])).toEqual([
      ["a/1.png", 4],
      ["a/2.jpg", 7],
      ["3.image.WEBP", "great dane"],
      ["9.png", "tench"],
    ]);
    const unlabelled = "has no label: no class in a .cls, .json or .txt beside it";
    expect(leftOut).toEqual([
      { name: "5.png", problem: unlabelled },
      { name: "6.png", problem: "is empty: 0 bytes" },
      { name: "7.png", problem: unlabelled },
      { name: "8.png", problem: unlabelled },
    ]);
    expect(withoutImage).toBe(1);
  });

  test("are found behind links and folders of which a pax record tells a size: nothing of that size follows", async () => {
    for (const type of ["1", "2", "5"]) {
      const { samples } = await indexOf(
        Buffer.concat([typed("x", "pax", "13 size=1024\n"), typed(type, "link"), shard(images.slice(0, 1))]),
      );
      expect(samples.map(({ name, label }) => [name, label])).toEqual([["000000.png", 0]]);
    }
  });

  test("survive any damage, or are refused in one sentence", async () => {
    const whole = shard(images.slice(0, 3));
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.nat(whole.length - 1), fc.nat(255)), { minLength: 1, maxLength: 20 }),
        fc.nat(whole.length),
        fc.boolean(),
        async (changes, end, isCut) => {
          const damaged = Uint8Array.from(whole);
          for (const [at, value] of changes) damaged[at % 2 === 0 ? at : at % 512] = value;
          try {
            const { samples } = await indexOf(isCut ? damaged.subarray(0, end) : damaged);
            for (const { offset, length } of samples) expect(offset + length).toBeLessThanOrEqual(whole.length);
          } catch (error) {
            expect(error).toBeInstanceOf(FormatError);
            expect(String(error)).not.toContain("\n");
          }
        },
      ),
      { numRuns: 500 },
    );
  });

  test("are not looked for beyond a member that is cut off", async () => {
    const whole = tar([
      ["1.cls", "1"],
      ["1.png", png],
    ]);
    await expect(indexOf(whole.subarray(0, 2000))).rejects.toThrow(
      `s.tar: is cut off: its member "1.png" has ${png.length} bytes but 464 follow; fetch it again (at byte 1024)`,
    );
    await expect(indexOf(new Uint8Array(600).fill(7))).rejects.toThrow(
      "s.tar: is no tar archive, or damaged: the checksum of a member's header is wrong (at byte 0)",
    );
    // The end of an archive may be missing.
    expect((await indexOf(whole.subarray(0, whole.length - 1024))).samples).toHaveLength(1);
  });
});

describe("tar shards as a data set", () => {
  test("are recognised, in natural order, with val as the test split, and classes by their numbers", async () => {
    const directory = await folderOf({
      "train-10.tar": shard(images.slice(4, 10), 4),
      "train-9.tar": shard(images.slice(0, 4)),
      "val-0.tar": shard(images.slice(0, 2)),
      "readme.md": "",
    });
    const data = await openDataSet(directory);
    expect([...data.train.labels]).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect([data.test.labels.length, data.validation, data.classes[9]]).toEqual([2, null, "9"]);
    expect(data.origin).toBe(
      `tar shards (WebDataset): 3, 10 train + 2 test, from val images, 10 classes, in ${directory}`,
    );
    const reader = openReader(data.train);
    if (reader.kind !== "pictures") throw new Error("shards hold pictures");
    expect(reader.nameOf(5)).toBe("train-10.tar: 000005.png");
    expect((await (await reader.picture(5)).decode(3)).bytes.length).toBe(3072);
  });

  test("may be named one by one with braces, or be one alone, of which a fifth is held out by the names", async () => {
    const directory = await folderOf({
      "shards/s-00.tar": shard(images),
      "shards/s-01.tar": shard(await smallImages(4, 6), 10),
    });
    const pattern = join(directory, "shards", "s-{00..01}.tar");
    const data = await openDataSet(pattern);
    expect(data.train.labels.length + data.test.labels.length).toBe(50);
    expect(new Set(data.test.labels).size).toBe(10);
    expect(data.origin).toContain("of them held out as test, by their names");
    expect((await openDataSet(join(directory, "shards"))).test.labels).toEqual(data.test.labels);
    expect((await openDataSet(join(directory, "shards", "s-01.tar"))).train.kind).toBe("spans");
    await expect(openDataSet(join(directory, "shards", "s-{00..02}.tar"))).rejects.toThrow("there is no file");
    await expect(openDataSet(join(directory, "{shards,other}", "s-00.tar"))).rejects.toThrow("there is no file");
  });

  test("may lie in folders of splits, with names as labels", async () => {
    const sample = (key: string, label: string) => [[`${key}.png`, png] as const, [`${key}.txt`, label] as const];
    const directory = await folderOf({
      "train/a.tar": tar([...sample("1", "cat"), ...sample("2", "class10"), ...sample("3", "class9")]),
      "test/a.tar": tar(sample("1", "class9")),
      "val/a.tar": tar(sample("1", "cat")),
    });
    const data = await openDataSet(directory);
    expect(data.classes).toEqual(["cat", "class9", "class10"]);
    expect([[...data.train.labels], [...data.test.labels], [...(data.validation?.labels ?? [])]]).toEqual([
      [0, 2, 1],
      [1],
      [0],
    ]);
    await expect(openDataSet(directory, { validation: 1 })).rejects.toThrow(
      `${directory} has a validation split, so 1 training images can't be held out as well; leave out --validation`,
    );
    const other = await folderOf({ "train.tar": tar(sample("1", "cat")), "test.tar": tar(sample("1", "dog")) });
    await expect(openDataSet(other)).rejects.toThrow(
      'test.tar: 1.png is of the class "dog", which is none of the 1 classes to train on',
    );
  });

  test("are indexed once: the cache is used while a shard stays as it was, and made anew where it is damaged", async () => {
    const directory = await folderOf({ "train-0.tar": shard(images), "val-0.tar": shard(images) });
    const cache = await temporaryDirectory();
    const first = await openDataSet(directory, { cache });
    const indexes = join(cache, "shard-indexes");
    const [file] = await readdir(indexes);
    expect(await readdir(indexes)).toHaveLength(2);
    const path = join(indexes, file ?? "");
    const before = await readFile(path, "utf8");
    await writeFile(path, before.replace('"000003.png"', '"renamed.png"'));
    const names = async () => {
      const { train, test: tested } = await openDataSet(directory, { cache });
      return [train, tested].flatMap((source) => (source.kind === "spans" ? source.names : []));
    };
    expect(await names()).toContain("renamed.png");
    await writeFile(path, "{");
    expect(await names()).not.toContain("renamed.png");
    expect(await readFile(path, "utf8")).toBe(before);
    await writeFile(path, before.replace('"000003.png"', '"renamed.png"'));
    for (const name of await readdir(directory)) await utimes(join(directory, name), 1, 1);
    expect(await names()).not.toContain("renamed.png");
    expect((await openDataSet(directory, { cache })).files).toEqual(first.files);
  });

  test("tell what is left out, and are refused where nothing is left", async () => {
    const events: DataSetEvent[] = [];
    const directory = await folderOf({
      "train-0.tar": tar([
        ["1.png", png],
        ["2.png", png],
        ["2.cls", "0"],
        ["3.cls", "0"],
      ]),
      "test-0.tar": shard([{ ...images[1]!, label: 0 }]),
      "extra.tar": shard(images),
    });
    const data = await openDataSet(directory, { onEvent: (event) => events.push(event) });
    const problem = "has no label: no class in a .cls, .json or .txt beside it";
    expect(data.leftOut).toEqual([{ file: "train-0.tar: 1.png", problem }]);
    expect(events.flatMap((event) => ("message" in event ? [event.message] : []))).toEqual([
      "1 files that name no split are not read: extra.tar",
      `1 images of tar shards are left out, for example train-0.tar: 1.png: ${problem}`,
      "1 samples of tar shards hold no image and are passed over",
    ]);
    const empty = await folderOf({ "a.tar": tar([["1.png", png]]) });
    await expect(openDataSet(empty)).rejects.toThrow(
      `${empty}: the 1 tar shards of this data set hold no image with a label, for example 1.png: ${problem}; a sample is an image (.jpg, .png, .webp, .gif) and its class (.cls, .json or .txt) under one name`,
    );
    const tests = await folderOf({ "test.tar": shard(images) });
    await expect(openDataSet(tests)).rejects.toThrow("none to train on; add files named after train");
    const bytes = new Uint8Array(0);
    await expect(openDataSet(await folderOf({ "train.tar": bytes }))).rejects.toThrow("train.tar: is empty: 0 bytes");
    const zipped = await folderOf({ "a.tar.gz": gzipSync(shard(images)) });
    await expect(openDataSet(zipped)).rejects.toThrow(
      `${relative("/", zipped) && join(zipped, "a.tar.gz")} is a compressed tar shard; images are read from any place of a shard, so decompress them first`,
    );
  });

  test("names its classes by classes.txt, which has to name all", async () => {
    const directory = await folderOf({
      "a.tar": shard(await smallImages(2, 1)),
      "classes.txt": cifarClasses.slice(0, 9).join("\n"),
    });
    await expect(openDataSet(directory)).rejects.toThrow(
      `${directory} names 9 classes but has the label 9; name all of them`,
    );
    await writeFile(join(directory, "classes.txt"), `${cifarClasses.join("\r\n")}\r\n`);
    expect((await openDataSet(directory)).classes).toEqual(cifarClasses);
    await writeFile(join(directory, "classes.txt"), "a\n\nb\n");
    await expect(openDataSet(directory)).rejects.toThrow("classes.txt: line 2 names no class");
  });

  test("say which picture is gone when a shard is cut off after it was opened", async () => {
    const directory = await folderOf({ "a.tar": shard(await smallImages(2, 1)) });
    const { train } = await openDataSet(directory);
    await writeFile(join(directory, "a.tar"), "short");
    const reader = openReader(train);
    if (reader.kind !== "pictures") throw new Error("shards hold pictures");
    await expect(reader.picture(0)).rejects.toThrow(
      /^a\.tar: 0000\d\d\.png: is cut off: 0 of its \d+ bytes are there$/,
    );
  });
});
