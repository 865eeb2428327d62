// CIFAR by name: the authors' archive of the binary version, looked for in the cache folder, else downloaded there. It is kept as it came and
// its checksum verified each time (some 2 s for both), so nothing is ever half extracted.
import { createHash } from "node:crypto";
import { readFile, stat } from "node:fs/promises";
import { basename, join } from "node:path";
import { promisify } from "node:util";
import { gunzip } from "node:zlib";
import { FormatError, MissingError } from "../../../base/errors.ts";
import { type DataSet, holdOutValidation } from "../../data-set.ts";
import type { NamedBytes } from "../../idx-source.ts";
import type { DataSetOptions } from "../data-set-options.ts";
import { download, failureOf } from "../download.ts";
import { tarMembers } from "../shards/tar-members.ts";
import { type CifarLayout, cifar10Layout, cifar100Layouts, cifarDataSet } from "./cifar-files.ts";

/** An archive that is known: MD5 as the authors publish it. */
export interface CifarArchive {
  readonly file: string;
  readonly address: string;
  readonly bytes: number;
  readonly md5: string;
}

const authorsAddress = "https://www.cs.toronto.edu/~kriz/";

export const cifarArchives = {
  cifar10: {
    file: "cifar-10-binary.tar.gz",
    address: authorsAddress,
    bytes: 170_052_171,
    md5: "c32a1d4ab5d03f1284b67883e8d87530",
  },
  cifar100: {
    file: "cifar-100-binary.tar.gz",
    address: authorsAddress,
    bytes: 168_513_733,
    md5: "03b5dce01913d631647c71ecec9e9cb8",
  },
} as const satisfies Record<string, CifarArchive>;

/** What an archive may inflate to: both are of 185 MB. */
const largestInflatedBytes = 2 ** 28;

const missing = (
  layout: CifarLayout,
  { file, address }: CifarArchive,
  cache: string | null,
  reason: string,
): MissingError =>
  new MissingError(
    `${layout.title} is not in ${cache ?? "a cache folder (none was given)"}, and ${reason}; ` +
      `connect this machine to the network, or put ${file} from ${address} into ${cache ?? "a cache folder"}, ` +
      "or unpack that file and name its folder instead",
  );

/** The archive's path, and where it was found in words. Downloads it where the cache lacks it. */
const locate = async (
  layout: CifarLayout,
  archive: CifarArchive,
  { cache, signal, onEvent }: DataSetOptions,
): Promise<{ readonly path: string; readonly found: string }> => {
  if (cache === undefined) throw missing(layout, archive, null, "so nothing was downloaded");
  const folder = join(cache, "cifar");
  const path = join(folder, archive.file);
  if ((await stat(path).catch(() => null)) !== null) return { path, found: `the cache (${path})` };
  signal?.throwIfAborted();
  const address = archive.address + archive.file;
  try {
    await download({ address, md5: archive.md5, bytes: archive.bytes, path, signal, onEvent });
  } catch (error) {
    signal?.throwIfAborted();
    throw missing(layout, archive, folder, `its download failed: ${failureOf(error)}`);
  }
  return { path, found: `${address}, now in the cache (${path})` };
};

const inflate = async (path: string, { bytes, md5 }: CifarArchive): Promise<Uint8Array> => {
  const { size } = await stat(path);
  const remedy = "delete the file to have it downloaded again";
  if (size !== bytes) throw new FormatError(path, `has ${size} bytes but should have ${bytes}; ${remedy}`);
  const compressed = await readFile(path);
  const found = createHash("md5").update(compressed).digest("hex");
  if (found !== md5) throw new FormatError(path, `has the MD5 ${found} but should have ${md5}; ${remedy}`);
  return promisify(gunzip)(compressed, { maxOutputLength: largestInflatedBytes });
};

const membersOf = async (path: string, bytes: Uint8Array): Promise<ReadonlyMap<string, NamedBytes>> => {
  const files = new Map<string, NamedBytes>();
  const readAt = async (at: number, length: number): Promise<Uint8Array> => {
    if (at + length > bytes.length) throw new FormatError(path, "its archive is cut off", at);
    return bytes.subarray(at, at + length);
  };
  for await (const { name, offset, size } of tarMembers(readAt, path, bytes.length)) {
    files.set(basename(name), { file: `${path}: ${name}`, bytes: bytes.subarray(offset, offset + size) });
  }
  return files;
};

/** Opens an archive. Throws MissingError, with the three ways to get it, where it is nowhere; FormatError where it is damaged. */
export const openCifarArchive = async (
  layout: CifarLayout,
  archive: CifarArchive,
  options: DataSetOptions = {},
): Promise<DataSet> => {
  const { path, found } = await locate(layout, archive, options);
  const files = await membersOf(path, await inflate(path, archive));
  options.signal?.throwIfAborted();
  const whole = cifarDataSet(layout, files, { where: path, found });
  return holdOutValidation(whole, options.validation ?? 0, options.seed ?? 0);
};

/** CIFAR-10: 50,000 + 10,000 photographs of 10 classes, 32×32. See openCifarArchive. */
export const cifar10 = (options: DataSetOptions = {}): Promise<DataSet> =>
  openCifarArchive(cifar10Layout, cifarArchives.cifar10, options);

/** CIFAR-100 with its 100 classes. See openCifarArchive. */
export const cifar100 = (options: DataSetOptions = {}): Promise<DataSet> =>
  openCifarArchive(cifar100Layouts.fine, cifarArchives.cifar100, options);

/** CIFAR-100 with its 20 superclasses. See openCifarArchive. */
export const cifar100Coarse = (options: DataSetOptions = {}): Promise<DataSet> =>
  openCifarArchive(cifar100Layouts.coarse, cifarArchives.cifar100, options);
