// Fashion-MNIST (Xiao, Rasul, Vollgraf 2017): 60,000 + 10,000 grey photographs of clothes, 28×28, in 10 classes.
// Looked for in the Debian package, then in the cache folder, then downloaded from its authors' address.
import { access } from "node:fs/promises";
import { join } from "node:path";
import { FormatError, MissingError } from "../../base/errors.ts";
import { type DataSet, holdOutValidation } from "../data-set.ts";
import { idxSource } from "../idx-source.ts";
import type { DataSetOptions } from "./data-set-options.ts";
import { download, failureOf } from "./download.ts";
import { readIdxFile } from "./read-idx-file.ts";

const classes = [
  "T-shirt/top",
  "Trouser",
  "Pullover",
  "Dress",
  "Coat",
  "Sandal",
  "Shirt",
  "Sneaker",
  "Bag",
  "Ankle boot",
] as const;

const packageName = "dataset-fashion-mnist";
const packageDirectory = "/usr/share/datasets/fashion-mnist";
const authorsAddress = "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/";

/** Size and MD5 of the authors' gzip file (from their README), and SHA-256 of what is in it. */
interface KnownFile {
  readonly name: string;
  readonly gzipBytes: number;
  readonly gzipMd5: string;
  readonly sha256: string;
}
/**
 * Debian's files differ from the authors' in their gzip headers alone (no name, another time), so the published MD5 holds for
 * downloads only, and the SHA-256 of the contents for every file wherever it comes from.
 */
const knownFiles = {
  trainImages: {
    name: "train-images-idx3-ubyte.gz",
    gzipBytes: 26_421_880,
    gzipMd5: "8d4fb7e6c68d591d4c3dfef9ec88bf0d",
    sha256: "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
  },
  trainLabels: {
    name: "train-labels-idx1-ubyte.gz",
    gzipBytes: 29_515,
    gzipMd5: "25c81989df183df01b3e8a0aad5dffbe",
    sha256: "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
  },
  testImages: {
    name: "t10k-images-idx3-ubyte.gz",
    gzipBytes: 4_422_102,
    gzipMd5: "bef4ecab320f06d8554ea6380940ec79",
    sha256: "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
  },
  testLabels: {
    name: "t10k-labels-idx1-ubyte.gz",
    gzipBytes: 5_148,
    gzipMd5: "bb300cfdad3c16e7a12a480ee83cd310",
    sha256: "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
  },
} as const satisfies Record<string, KnownFile>;

export interface FashionMnistOptions extends DataSetOptions {
  /** The directory that is looked in first; default: where the Debian package dataset-fashion-mnist puts its files. */
  readonly directory?: string;
  /** Where the files are downloaded from, ending in "/"; default: their authors' address. A mirror needs the same files. */
  readonly address?: string;
}

const missingFrom = async (directory: string): Promise<readonly KnownFile[]> => {
  const present = await Promise.all(
    Object.values(knownFiles).map(({ name }) =>
      access(join(directory, name)).then(
        () => true,
        () => false,
      ),
    ),
  );
  return Object.values(knownFiles).filter((_, i) => !present[i]);
};

const missing = (directory: string, cache: string | undefined, address: string, reason: string): MissingError =>
  new MissingError(
    `Fashion-MNIST is neither in ${directory} nor in ${cache ?? "a cache folder (none was given)"}, and ${reason}; ` +
      `install the Debian package ${packageName} (apt-get install ${packageName}), or put the files ` +
      `${Object.values(knownFiles)
        .map(({ name }) => name)
        .join(", ")} from ${address} into ${cache ?? directory}, or connect this machine to the network`,
  );

/** The directory that holds all four files, and where that is in words. Downloads what the cache lacks. */
const locate = async (options: FashionMnistOptions): Promise<{ directory: string; found: string }> => {
  const { directory = packageDirectory, address = authorsAddress, signal, onEvent } = options;
  if ((await missingFrom(directory)).length === 0) {
    const found = directory === packageDirectory ? `the installed package ${packageName}` : "the given directory";
    return { directory, found };
  }
  if (options.cache === undefined) throw missing(directory, undefined, address, "so nothing was downloaded");
  const cache = join(options.cache, "fashion-mnist");
  const absent = await missingFrom(cache);
  for (const { name, gzipMd5, gzipBytes } of absent) {
    signal?.throwIfAborted();
    try {
      const path = join(cache, name);
      await download({ address: address + name, md5: gzipMd5, bytes: gzipBytes, path, signal, onEvent });
    } catch (error) {
      signal?.throwIfAborted();
      throw missing(directory, cache, address, `its download failed: ${failureOf(error)}`);
    }
  }
  return { directory: cache, found: absent.length > 0 ? `${address}, now in the cache` : "the cache" };
};

const readKnown = async (directory: string, { name, sha256 }: KnownFile) => {
  const read = await readIdxFile(join(directory, name));
  if (read.sha256 !== sha256) {
    const remedy = `reinstall ${packageName}, or delete the file to have it downloaded again`;
    throw new FormatError(
      read.file,
      `its contents are not Fashion-MNIST's: SHA-256 is ${read.sha256} but should be ${sha256}; ${remedy}`,
    );
  }
  return read;
};

/**
 * Reads Fashion-MNIST. The contents of every file are verified by SHA-256 on every read (57 MB, some 30 ms), wherever it was found.
 * Throws MissingError, with the three ways to get it, when it is nowhere; FormatError when a file is damaged.
 */
export const fashionMnist = async (options: FashionMnistOptions = {}): Promise<DataSet> => {
  const { directory, found } = await locate(options);
  options.signal?.throwIfAborted();
  const { trainImages, trainLabels, testImages, testLabels } = knownFiles;
  const [trainPixels, trainClasses, testPixels, testClasses] = await Promise.all([
    readKnown(directory, trainImages),
    readKnown(directory, trainLabels),
    readKnown(directory, testImages),
    readKnown(directory, testLabels),
  ]);
  const whole: DataSet = {
    name: "fashion-mnist",
    classes,
    train: idxSource(trainPixels, trainClasses, classes.length),
    test: idxSource(testPixels, testClasses, classes.length),
    validation: null,
    origin: `Fashion-MNIST, 28×28 grey, 10 classes, from ${found} (${directory})`,
    files: [trainPixels, trainClasses, testPixels, testClasses].map(({ file, sha256 }) => ({ path: file, sha256 })),
  };
  return holdOutValidation(whole, options.validation ?? 0, options.seed ?? 0);
};
