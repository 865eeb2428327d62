import { createHash } from "node:crypto";
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { brotliCompressSync, gzipSync } from "node:zlib";
import fc from "fast-check";
import { parquetWriteBuffer } from "hyparquet-writer";
import { describe, expect, test } from "vitest";
import { FormatError, UsageError } from "../../../base/errors.ts";
import type { ImageSource } from "../../source.ts";
import { openDataSet } from "../open-data-set.ts";
import { openReader } from "../readers.ts";
import { cifarClasses, parquet, smallImages } from "../sources.test.fixture.ts";
import { temporaryDirectory } from "../temporary-directory.test.fixture.ts";
import { parquetBytes } from "./parquet-pictures.ts";

const images = await smallImages(3, 7);

const folderOf = async (files: Readonly<Record<string, Uint8Array>>): Promise<string> => {
  const directory = await temporaryDirectory();
  for (const [name, bytes] of Object.entries(files)) {
    await mkdir(dirname(join(directory, name)), { recursive: true });
    await writeFile(join(directory, name), bytes);
  }
  return directory;
};

const hexOf = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

const bytesOf = async (source: ImageSource): Promise<readonly string[]> => {
  if (source.kind !== "parquet") throw new Error("not Parquet");
  const { read } = parquetBytes(source);
  const all: string[] = [];
  for (let image = 0; image < source.labels.length; image++) all.push(hexOf(await read(image)));
  return all;
};

const pngs = images.map(({ png }) => Uint8Array.from(png));
const hashes = pngs.map(hexOf);

describe("Parquet files as a data set", () => {
  test.each([
    ["pages of several images", { rowGroupSize: 7, pageSize: 8000 }],
    ["one row group in one page", { rowGroupSize: 1000, pageSize: 2 ** 20 }],
    ["a page for each image", { rowGroupSize: 11, pageSize: 10 }],
    ["no compression", { codec: "UNCOMPRESSED" }],
  ] as const)("are read image by image: %s", async (_, options) => {
    const directory = await folderOf({
      "data/train-00000-of-00001.parquet": parquet(images, options),
      "data/test-00000-of-00001.parquet": parquet(images.slice(0, 2), options),
    });
    const data = await openDataSet(directory);
    expect(data.origin).toBe(`Parquet: 2 files, 30 train + 2 test images, 10 classes (label), in ${directory}`);
    expect(data.classes).toEqual(cifarClasses);
    expect([...data.train.labels]).toEqual(images.map(({ label }) => label));
    expect(await bytesOf(data.train)).toEqual(hashes);
  });

  test("may repeat images, which a dictionary then holds", async () => {
    const repeated = Array.from({ length: 40 }, (_, i) => images[i % 4]!);
    const directory = await folderOf({ "train.parquet": parquet(repeated), "test.parquet": parquet(images) });
    expect(await bytesOf((await openDataSet(directory)).train)).toEqual(repeated.map(({ png }) => hexOf(png)));
  });

  test("may be compressed with gzip or brotli", async () => {
    const columns = [
      { name: "img", data: images.map(({ png }) => png), type: "BYTE_ARRAY" },
      { name: "fine_label", data: images.map(({ label }) => label), type: "INT32" },
    ] as const;
    for (const [codec, compress] of [
      ["GZIP", gzipSync],
      ["BROTLI", brotliCompressSync],
    ] as const) {
      const compressors = { [codec]: (bytes: Uint8Array) => new Uint8Array(compress(bytes)) };
      const bytes = new Uint8Array(parquetWriteBuffer({ columnData: [...columns], codec, compressors }));
      const data = await openDataSet(await folderOf({ "train.parquet": bytes, "test.parquet": bytes }));
      expect(await bytesOf(data.train)).toEqual(hashes);
      expect(data.classes[9]).toBe("9");
    }
    const compressors = { LZ4_RAW: (bytes: Uint8Array) => bytes };
    const bytes = new Uint8Array(parquetWriteBuffer({ columnData: [...columns], codec: "LZ4_RAW", compressors }));
    await expect(openDataSet(await folderOf({ "train.parquet": bytes }))).rejects.toThrow(
      "its compression LZ4_RAW is not read; UNCOMPRESSED, SNAPPY, GZIP, BROTLI, ZSTD are",
    );
  });

  test("leave out rows without a label, and say so; an image without bytes is broken when it is read", async () => {
    const rows = [...images, { label: -1, png: pngs[0]! }, { label: 2, png: null }];
    const directory = await folderOf({
      "train.parquet": parquet(rows),
      "test.parquet": parquet(await smallImages(1, 8)),
    });
    const messages: string[] = [];
    const data = await openDataSet(directory, {
      onEvent: (event) => {
        if ("message" in event) messages.push(event.message);
      },
    });
    expect(messages).toEqual(["train.parquet: 1 of its 32 rows have no label; they are left out"]);
    expect(data.train.labels.length).toBe(31);
    const reader = openReader(data.train);
    if (reader.kind !== "pictures") throw new Error("Parquet holds pictures");
    await expect(reader.picture(30)).rejects.toThrow(
      "train.parquet: row 31: has no bytes of an image, perhaps a path alone; download the data with their images",
    );
    expect((await reader.picture(29)).width).toBe(32);
  });

  test("hold a fifth out where no file is of a test split, and may be named alone", async () => {
    const directory = await folderOf({ "pictures.parquet": parquet(await smallImages(8, 3)) });
    const data = await openDataSet(join(directory, "pictures.parquet"));
    expect(data.train.labels.length + data.test.labels.length).toBe(80);
    expect(new Set(data.test.labels).size).toBe(10);
  });

  test("are refused without images or labels, and with labels that no class has", async () => {
    const write = async (columnData: Parameters<typeof parquetWriteBuffer>[0]["columnData"]) =>
      folderOf({ "train.parquet": new Uint8Array(parquetWriteBuffer({ columnData })) });
    const text = await write([{ name: "text", data: ["a"], type: "STRING" }]);
    await expect(openDataSet(text)).rejects.toThrow(
      "train.parquet has no column of images (image with bytes in it, as the Hugging Face hub stores them); its columns are text",
    );
    await expect(openDataSet(text)).rejects.toBeInstanceOf(UsageError);
    const unlabelled = await write([{ name: "image", data: [pngs[0]], type: "BYTE_ARRAY" }]);
    await expect(openDataSet(unlabelled)).rejects.toThrow(
      "has no column of labels (label, whole numbers); its columns are image",
    );
    const beyond = await folderOf({
      "train.parquet": parquet(images),
      "test.parquet": parquet([{ label: 10, png: pngs[0]! }]),
    });
    await expect(openDataSet(beyond)).rejects.toThrow(
      "test.parquet: row 0: its label 10 is not below 10, the number of classes",
    );
  });

  test("are refused where they are none", async () => {
    const open = async (bytes: Uint8Array) => openDataSet(await folderOf({ "a.parquet": bytes }));
    await expect(open(new Uint8Array(5))).rejects.toThrow("a.parquet: is no Parquet file: it has 5 bytes");
    await expect(open(new Uint8Array(50))).rejects.toThrow(
      "a.parquet: is no Parquet file, or cut off: it doesn't end in PAR1 (at byte 46)",
    );
    const lying = Buffer.from(parquet(images));
    lying.writeUInt32LE(2 ** 31, lying.length - 8);
    await expect(open(lying)).rejects.toThrow("a.parquet: says that its footer has 2147483648 bytes; at most");
  });

  test("survive any damage, or are refused in one sentence", async () => {
    const some = images.slice(0, 6);
    const whole = parquet(some, { rowGroupSize: 4, pageSize: 5000 });
    const directory = await folderOf({ "train.parquet": whole, "test.parquet": parquet(some) });
    const outcomes = { read: 0, refused: 0 };
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.nat(whole.length - 1), fc.nat(255)), { minLength: 1, maxLength: 8 }),
        fc.option(fc.nat(whole.length - 12)),
        fc.boolean(),
        async (changes, cut, atFooter) => {
          const damaged = Uint8Array.from(whole);
          const footer = new DataView(whole.buffer, whole.byteOffset).getUint32(whole.length - 8, true) + 8;
          for (const [at, value] of changes) damaged[atFooter ? whole.length - 1 - (at % footer) : at] = value;
          // A file whose middle is gone still ends as it should.
          const bytes = cut === null ? damaged : Buffer.concat([damaged.subarray(0, cut), damaged.subarray(cut + 5)]);
          await writeFile(join(directory, "train.parquet"), bytes);
          try {
            const { train } = await openDataSet(directory);
            if (train.kind !== "parquet") throw new Error("not Parquet");
            const { read } = parquetBytes(train);
            for (let image = 0; image < Math.min(train.labels.length, 6); image += 2) await read(image);
            outcomes.read++;
          } catch (error) {
            outcomes.refused++;
            const isExpected = error instanceof FormatError || error instanceof UsageError;
            if (!isExpected) throw error;
          }
        },
      ),
      { numRuns: 200 },
    );
    expect(outcomes.refused).toBeGreaterThan(20);
  });
});
