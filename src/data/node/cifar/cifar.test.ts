import { createHash } from "node:crypto";
import { mkdir, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { FormatError, MissingError, UsageError } from "../../../base/errors.ts";
import { openDataSet } from "../open-data-set.ts";
import { serve } from "../serve.test.fixture.ts";
import { cifarBytes, cifarClasses, smallImages, tar } from "../sources.test.fixture.ts";
import { temporaryDirectory } from "../temporary-directory.test.fixture.ts";
import { cifar10, cifar100, openCifarArchive } from "./cifar-archive.ts";
import { cifar10Layout } from "./cifar-files.ts";
import { cifarFolder } from "./cifar-folder.ts";

const folderOf = async (files: Readonly<Record<string, Uint8Array | string>>): Promise<string> => {
  const directory = await temporaryDirectory();
  for (const [name, bytes] of Object.entries(files)) await writeFile(join(directory, name), bytes);
  return directory;
};
const images = await smallImages(1, 4);
/** Rows of CIFAR-100: the fine label is 5 × the coarse one. */
const rows100 = Buffer.concat(images.flatMap(({ label, planes }) => [Uint8Array.of(label, 5 * label), planes]));
const lines = (count: number) => Array.from({ length: count }, (_, i) => `class_${i}\n`).join("");

describe("a folder of CIFAR's binary files", () => {
  test("is CIFAR-10 with its batches in the order of their numbers", async () => {
    const part = (label: number) => cifarBytes(images.filter((image) => image.label === label));
    const directory = await folderOf({
      "data_batch_10.bin": part(3),
      "data_batch_2.bin": part(8),
      "data_batch_1.bin": part(0),
      "test_batch.bin": cifarBytes(images),
      "readme.html": "",
    });
    const told: string[] = [];
    const data = await openDataSet(directory, {
      validation: 0,
      onEvent: (event) => event.event === "notice" && told.push(event.message),
    });
    expect([...data.train.labels]).toEqual([0, 8, 3]);
    // A file that was cut off between two images is whole, but for their number.
    expect(told).toEqual(["CIFAR-10 has 50000 training and 10000 test images; these files hold 3 and 10"]);
    expect(data.classes).toEqual(cifarClasses);
    expect(data.origin).toBe(`CIFAR-10, 32×32 RGB, 10 classes, from the binary files in ${directory}`);
    expect(data.files).toHaveLength(4);
  });
  test("is CIFAR-100 with its fine labels, or its coarse ones", async () => {
    const directory = await folderOf({
      "train.bin": rows100,
      "test.bin": rows100,
      "fine_label_names.txt": lines(100),
      "coarse_label_names.txt": lines(20),
    });
    const fine = await openDataSet(directory);
    expect([fine.classes.length, fine.classes[99], fine.train.labels[9]]).toEqual([100, "class_99", 45]);
    const coarse = await cifarFolder(directory, {}, "coarse");
    expect([coarse?.classes.length, coarse?.train.labels[9]]).toEqual([20, 9]);
  });
  test("may lie in the folder that the archive makes", async () => {
    const directory = await temporaryDirectory();
    await mkdir(join(directory, "cifar-10-batches-bin"));
    for (const name of ["data_batch_1.bin", "test_batch.bin"]) {
      await writeFile(join(directory, "cifar-10-batches-bin", name), cifarBytes(images));
    }
    expect((await openDataSet(directory)).train.labels.length).toBe(10);
  });
  test("is refused in its Python version, where it lacks a part, and with other names", async () => {
    const python = await folderOf({ data_batch_1: "\x80\x02", test_batch: "\x80\x02", "batches.meta": "\x80\x02" });
    await expect(openDataSet(python)).rejects.toThrow(
      `${python} holds CIFAR's Python version, whose files are pickles: programs, which are not run here; take the binary version (cifar-10-binary.tar.gz or cifar-100-binary.tar.gz of https://www.cs.toronto.edu/~kriz/cifar.html), or name the data set cifar10 or cifar100`,
    );
    const half = await folderOf({ "data_batch_1.bin": cifarBytes(images) });
    await expect(openDataSet(half)).rejects.toThrow(
      `${half} holds files of CIFAR-10 (data_batch_1.bin) but no test_batch.bin`,
    );
    const named = await folderOf({
      "data_batch_1.bin": cifarBytes(images),
      "test_batch.bin": cifarBytes(images),
      "batches.meta.txt": lines(9),
    });
    await expect(openDataSet(named)).rejects.toThrow("batches.meta.txt: names 9 classes but CIFAR-10 has 10");
    expect(await cifarFolder(await folderOf({ "train.bin": "x" }))).toBeNull();
  });
});

describe("CIFAR by its name", () => {
  const archive = gzipSync(
    tar([
      ["cifar-10-batches-bin/data_batch_1.bin", cifarBytes(images)],
      ["cifar-10-batches-bin/test_batch.bin", cifarBytes(images.slice(0, 5))],
      ["cifar-10-batches-bin/batches.meta.txt", `${cifarClasses.join("\n")}\n`],
    ]),
  );
  const known = (address: string) => ({
    file: "small.tar.gz",
    address: `${address}/`,
    bytes: archive.length,
    md5: createHash("md5").update(archive).digest("hex"),
  });

  test("is downloaded into the cache, once, and checked each time", async () => {
    const requests: string[] = [];
    const address = await serve((path) => {
      requests.push(path);
      return path === "/small.tar.gz" ? archive : undefined;
    });
    const cache = await temporaryDirectory();
    const first = await openCifarArchive(cifar10Layout, known(address), { cache, validation: 2 });
    expect(first.origin).toContain(`from ${address}/small.tar.gz, now in the cache (${cache}/cifar/small.tar.gz)`);
    expect([first.train, first.validation, first.test].map((split) => split?.labels.length)).toEqual([8, 2, 5]);
    const again = await openCifarArchive(cifar10Layout, known(address), { cache });
    expect(again.origin).toContain(`from the cache (${cache}/cifar/small.tar.gz)`);
    expect(requests).toEqual(["/small.tar.gz"]);
    const damaged = Uint8Array.from(archive);
    damaged[200]! ^= 1;
    await writeFile(join(cache, "cifar", "small.tar.gz"), damaged);
    const failure = openCifarArchive(cifar10Layout, known(address), { cache });
    await expect(failure).rejects.toBeInstanceOf(FormatError);
    await expect(failure).rejects.toThrow(
      /small\.tar\.gz: has the MD5 \w{32} but should have \w{32}; delete the file to have it downloaded again/,
    );
  });

  test("says the three ways to get it when nobody answers", async () => {
    const cache = await temporaryDirectory();
    const failure = openCifarArchive(cifar10Layout, known("http://127.0.0.1:9"), { cache });
    await expect(failure).rejects.toBeInstanceOf(MissingError);
    await expect(failure).rejects.toThrow(`CIFAR-10 is not in ${cache}/cifar, and its download failed: fetch failed: `);
    await expect(failure).rejects.toThrow(
      `connect this machine to the network, or put small.tar.gz from http://127.0.0.1:9/ into ${cache}/cifar, or unpack that file and name its folder instead`,
    );
    expect(await readdir(cache)).toEqual([]);
  });

  test("says so when there is no cache, and stops when it is asked to", async () => {
    await expect(cifar10()).rejects.toThrow(
      "CIFAR-10 is not in a cache folder (none was given), and so nothing was downloaded; connect this machine to the network, or put cifar-10-binary.tar.gz from https://www.cs.toronto.edu/~kriz/ into a cache folder, or unpack that file and name its folder instead",
    );
    await expect(cifar100()).rejects.toThrow("CIFAR-100 is not in a cache folder");
    const signal = AbortSignal.abort(new Error("Ctrl-C"));
    const cache = await temporaryDirectory();
    await expect(openCifarArchive(cifar10Layout, known("http://127.0.0.1:9"), { cache, signal })).rejects.toThrow(
      "Ctrl-C",
    );
    await expect(openDataSet("cifar-10")).rejects.toBeInstanceOf(UsageError);
    await expect(openDataSet("cifar-10")).rejects.toThrow("did you mean cifar10?");
  });
});
