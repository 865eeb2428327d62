// Files that other programs wrote (fixtures/parquet/make.mjs): what the hub has isn't all made by one writer.
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { openDataSet } from "../open-data-set.ts";
import { parquetBytes } from "./parquet-pictures.ts";

const folder = fileURLToPath(new URL("../../../../../fixtures/parquet/", import.meta.url)); // from dist/src/data/node/parquet
const { images, sha256 }: { images: number; sha256: string } = JSON.parse(
  await readFile(join(folder, "images.json"), "utf8"),
);
/** Its label is missing. */
const unlabelled = 17;

describe("Parquet files of images by other writers", () => {
  test.each([
    ["duckdb-snappy", "version 1 pages, labels in a dictionary, Snappy"],
    ["duckdb-zstd", "the same with Zstandard"],
    ["duckdb-zstd-v2", "Zstandard, lengths and labels as differences"],
    ["duckdb-gzip-v2", "gzip, lengths as differences"],
    ["arrow-zstd", "row groups, images in dictionaries, Zstandard"],
    ["arrow-zstd-v2", "version 2 pages, images that begin as those before, Zstandard"],
    ["arrow-brotli", "Brotli, labels as differences"],
  ])("%s is read: %s", async (name) => {
    const data = await openDataSet(join(folder, `${name}.parquet`));
    expect(data.classes).toEqual(["red", "green", "blue", "grey"]);
    const found = new Map<number, { readonly bytes: Uint8Array; readonly label: number | undefined }>();
    for (const source of [data.train, data.test]) {
      if (source.kind !== "parquet") throw new Error("not Parquet");
      const { read } = parquetBytes(source);
      for (const [i, row] of source.rows.entries()) found.set(row, { bytes: await read(i), label: source.labels[i] });
    }
    expect(found.size).toBe(images - 1);
    const hash = createHash("sha256");
    for (let row = 0; row < images; row++) {
      if (row === unlabelled) continue;
      expect(found.get(row)?.label).toBe(row % 4);
      hash.update(found.get(row)?.bytes ?? "");
    }
    expect(hash.digest("hex")).toBe(sha256);
  });
});
