// A few bytes of Parquet may claim to be millions of rows: what they would take is refused, or counted where it is kept.
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parquetWriteBuffer } from "hyparquet-writer";
import { describe, expect, test } from "vitest";
import { FormatError } from "../../../base/errors.ts";
import { openDataSet } from "../open-data-set.ts";
import { temporaryDirectory } from "../temporary-directory.test.fixture.ts";
import { RecentPages, readColumn } from "./column-reader.ts";
import { openParquetFile } from "./parquet-file.ts";

/** A file of so many rows, each of the same image and label. */
const repeated = (rows: number, image: Uint8Array | null, encoding: "PLAIN" | "RLE_DICTIONARY"): Uint8Array =>
  new Uint8Array(
    parquetWriteBuffer({
      columnData: [
        { name: "image", data: new Array<Uint8Array | null>(rows).fill(image), type: "BYTE_ARRAY", encoding },
        { name: "label", data: new Array<number>(rows).fill(1), type: "INT32" },
      ],
      rowGroupSize: 2 ** 24,
      pageSize: 2 ** 28,
    }),
  );

const written = async (name: string, bytes: Uint8Array): Promise<string> => {
  const directory = await temporaryDirectory();
  await writeFile(join(directory, name), bytes);
  return directory;
};

const keptOf = async (bytes: Uint8Array): Promise<number> => {
  const path = join(await written("a.parquet", bytes), "a.parquet");
  const file = await openParquetFile(path, "a.parquet");
  const column = file.columns.find(({ path: [name] }) => name === "image");
  if (column === undefined) throw new Error("there is a column of images");
  const recent = new RecentPages(2 ** 27);
  await readColumn(file, column, recent).value(0);
  return recent.bytes;
};

describe("Parquet pages of few bytes", () => {
  const rows = 50_000;
  const image = new Uint8Array(1000);

  test("are counted by what their values take in memory", async () => {
    const shared = repeated(rows, image, "RLE_DICTIONARY");
    expect(shared.length).toBeLessThan(5000);
    expect(await keptOf(shared)).toBeGreaterThan(8 * rows + 2 * image.length);
    expect(await keptOf(repeated(rows, null, "PLAIN"))).toBeGreaterThan(8 * rows);
    const empty = repeated(rows, new Uint8Array(0), "PLAIN");
    expect(empty.length).toBeLessThan(50_000);
    expect(await keptOf(empty)).toBeGreaterThan(100 * rows);
  });

  test("are refused where they claim more values than any writer makes", async () => {
    const directory = await written("train.parquet", repeated(2 ** 20 + 1, null, "PLAIN"));
    const error = await openDataSet(directory).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(FormatError);
    expect(String(error)).toMatch(
      /train\.parquet: a page says that it has 1048577 values; pages of at most 1048576 are read \(at byte \d+\)$/,
    );
  });
});

describe("Parquet files of few bytes", () => {
  test("are refused where they claim more rows in all than their bytes can hold", async () => {
    const half = repeated(2 ** 19 + 2 ** 15, null, "PLAIN");
    const directory = await temporaryDirectory();
    await writeFile(join(directory, "train-0.parquet"), half);
    await writeFile(join(directory, "train-1.parquet"), half);
    const [rows, bytes] = [2 ** 20 + 2 ** 16, 2 * half.length];
    expect(bytes).toBeLessThan(2 ** 15);
    await expect(openDataSet(directory)).rejects.toThrow(
      new FormatError(
        directory,
        `its 2 Parquet files say that they have ${rows} rows; at most ${2 ** 20 + bytes} are read of ${bytes} bytes`,
      ),
    );
  });
});
