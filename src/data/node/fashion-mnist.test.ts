import { existsSync } from "node:fs";
import { copyFile, mkdir, readdir, readFile, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { FormatError, MissingError } from "../../base/errors.ts";
import { fashionMnist } from "./fashion-mnist.ts";
import { fitPreprocessing } from "./fit-preprocessing.ts";
import { serve } from "./serve.test.fixture.ts";
import { temporaryDirectory } from "./temporary-directory.test.fixture.ts";

const installed = "/usr/share/datasets/fashion-mnist";
const names = [
  "train-images-idx3-ubyte.gz",
  "train-labels-idx1-ubyte.gz",
  "t10k-images-idx3-ubyte.gz",
  "t10k-labels-idx1-ubyte.gz",
];
const unreachable = "http://127.0.0.1:9/"; // the discard port: nothing answers

describe("fashionMnist() without the data", () => {
  test("says all three ways when there is no cache", async () => {
    const directory = await temporaryDirectory();
    const failure = fashionMnist({ directory });
    await expect(failure).rejects.toBeInstanceOf(MissingError);
    await expect(failure).rejects.toThrow(
      `Fashion-MNIST is neither in ${directory} nor in a cache folder (none was given), and so nothing was downloaded; ` +
        "install the Debian package dataset-fashion-mnist (apt-get install dataset-fashion-mnist), or put the files " +
        `${names.join(", ")} from http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/ into ${directory}, ` +
        "or connect this machine to the network",
    );
  });
  test("says all three ways, and why the download failed, when nobody answers", async () => {
    const directory = await temporaryDirectory();
    const cache = join(directory, "cache");
    const failure = fashionMnist({ directory, cache, address: unreachable });
    await expect(failure).rejects.toBeInstanceOf(MissingError);
    await expect(failure).rejects.toThrow(
      `Fashion-MNIST is neither in ${directory} nor in ${cache}/fashion-mnist, and its download failed: fetch failed: `,
    );
    await expect(failure).rejects.toThrow(`from ${unreachable} into ${cache}/fashion-mnist`);
    expect(await readdir(directory)).toEqual([]);
  });
  test("stops with the signal's reason when it is aborted", async () => {
    const directory = await temporaryDirectory();
    const signal = AbortSignal.abort(new Error("Ctrl-C"));
    await expect(fashionMnist({ directory, cache: directory, address: unreachable, signal })).rejects.toThrow("Ctrl-C");
  });
});

// These need the Debian package; without it they are reported as skipped.
describe.skipIf(!existsSync(installed))("fashionMnist() with the installed package", () => {
  test("reads 60,000 and 10,000 images of ten classes, the same number of each", async () => {
    const { name, classes, train, test: testSplit, validation, origin, files } = await fashionMnist();
    expect([name, classes.length, classes[9], validation]).toEqual(["fashion-mnist", 10, "Ankle boot", null]);
    expect([train.labels.length, testSplit.labels.length]).toEqual([60_000, 10_000]);
    for (let label = 0; label < 10; label++) {
      expect(train.labels.filter((other) => other === label).length).toBe(6000);
      expect(testSplit.labels.filter((other) => other === label).length).toBe(1000);
    }
    expect([...train.labels.subarray(0, 5)]).toEqual([9, 0, 0, 3, 0]);
    expect(origin).toBe(
      `Fashion-MNIST, 28×28 grey, 10 classes, from the installed package dataset-fashion-mnist (${installed})`,
    );
    expect(files.map(({ path }) => path)).toEqual(names.map((file) => join(installed, file)));
  });

  test("has the mean 0.2860 and the deviation 0.3530 that everyone uses", async () => {
    const { train } = await fashionMnist();
    const { mean, deviation } = await fitPreprocessing(train);
    expect([mean[0]!.toFixed(4), deviation[0]!.toFixed(4)]).toEqual(["0.2860", "0.3530"]);
  });

  test("holds a stratified validation split out of train", async () => {
    const { train, validation, test: testSplit } = await fashionMnist({ validation: 5000, seed: 1 });
    expect([train.labels.length, validation?.labels.length, testSplit.labels.length]).toEqual([55_000, 5000, 10_000]);
    for (let label = 0; label < 10; label++) {
      expect(validation?.labels.filter((other) => other === label).length).toBe(500);
    }
  });

  test("finds the files in the cache, and downloads none that lies there", async () => {
    const directory = await temporaryDirectory();
    await mkdir(join(directory, "fashion-mnist"));
    for (const name of names) await symlink(join(installed, name), join(directory, "fashion-mnist", name));
    const { origin } = await fashionMnist({ directory, cache: directory, address: unreachable });
    expect(origin).toContain(`from the cache (${directory}/fashion-mnist)`);
  });

  test("downloads what the cache lacks from the authors' address, checks it, and doesn't download it twice", async () => {
    // The authors' files are Debian's with another gzip header: their own names and times (RFC 1952).
    const times: Record<string, number> = { train: 1504176606, t10k: 1504176627 };
    const authorsFile = async (name: string): Promise<Buffer> => {
      const debian = await readFile(join(installed, name));
      const header = Buffer.from([0x1f, 0x8b, 8, 8, 0, 0, 0, 0, 0, 3]);
      header.writeUInt32LE(times[name.split("-")[0]!]!, 4);
      return Buffer.concat([header, Buffer.from(`${name.replace(".gz", "")}\0`), debian.subarray(10)]);
    };
    const cache = await temporaryDirectory();
    await mkdir(join(cache, "fashion-mnist"));
    await writeFile(join(cache, "fashion-mnist", names[1]!), await authorsFile(names[1]!)); // one lies there already
    const requests: string[] = [];
    const answers = new Map<string, Buffer>(
      await Promise.all(names.map(async (name) => [`/${name}`, await authorsFile(name)] as const)),
    );
    const address = await serve((path) => {
      requests.push(path);
      return answers.get(path);
    });
    const options = { directory: cache, cache, address: `${address}/` };
    const { origin, train } = await fashionMnist(options);
    expect(train.labels.length).toBe(60_000);
    expect(origin).toContain(`10 classes, from ${address}/, now in the cache (${cache}/fashion-mnist)`);
    expect(requests).toEqual([`/${names[0]}`, `/${names[2]}`, `/${names[3]}`]);
    await fashionMnist(options);
    expect(requests.length).toBe(3);
  });

  test("refuses a file whose contents are others, and says what to do", async () => {
    const directory = await temporaryDirectory();
    for (const name of names) await copyFile(join(installed, name), join(directory, name));
    const path = join(directory, "t10k-labels-idx1-ubyte.gz");
    const labels = gunzipSync(await readFile(path));
    labels[8]! ^= 1;
    await writeFile(path, gzipSync(labels));
    const failure = fashionMnist({ directory });
    await expect(failure).rejects.toBeInstanceOf(FormatError);
    await expect(failure).rejects.toThrow(
      /t10k-labels-idx1-ubyte\.gz: its contents are not Fashion-MNIST's: SHA-256 is [0-9a-f]{64} but should be 0402a96d\w+; reinstall dataset-fashion-mnist, or delete the file to have it downloaded again/,
    );
  });
});
