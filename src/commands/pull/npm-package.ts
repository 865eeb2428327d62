// One version of an npm package, fetched as a file: no dependencies, no install scripts, nothing run. The registry is the one that the
// person's npm is set to; the tarball is used only if it has the digest that the registry names and, where we know it, ours.
import { execFile } from "node:child_process";
import { rm } from "node:fs/promises";
import { promisify } from "node:util";
import { z } from "zod";
import { FormatError, MissingError } from "../../base/errors.ts";
import { downloadFile } from "./download-file.ts";
import { fetchJson } from "./fetch-json.ts";
import { fileDigest } from "./file-digest.ts";
import type { PullEnvironment } from "./pull-environment.ts";

export interface NpmPackage {
  readonly name: string;
  readonly version: string;
  /** npm's integrity value (`sha512-…`) of exactly these bytes. */
  readonly integrity: string;
  readonly maxBytes: number;
}

/** The largest document that a registry sends about one package. */
const maxPackumentBytes = 16 * 2 ** 20;

const packumentSchema = z.object({
  versions: z.record(z.string(), z.object({ dist: z.object({ integrity: z.string(), tarball: z.string() }) })),
});

/** What `npm config get registry` says: the address of the person's registry. Throws MissingError where there is no npm. */
export const npmRegistry = async (): Promise<string> => {
  try {
    const { stdout } = await promisify(execFile)("npm", ["config", "get", "registry"], { timeout: 60_000 });
    return stdout.trim();
  } catch (error) {
    const reason = error instanceof Error ? error.message.split("\n")[0] : String(error);
    throw new MissingError(`npm could not be asked for its registry (${reason}); install npm, which comes with Node`);
  }
};

/**
 * Downloads the package's tarball to `path`, resuming what an earlier try left there. Throws MissingError where the registry doesn't
 * have it, FormatError where the bytes are others than they should be (they are removed).
 */
export const downloadPackage = async (
  wanted: NpmPackage,
  path: string,
  environment: PullEnvironment,
): Promise<void> => {
  const { name, version, integrity, maxBytes } = wanted;
  const { fetch, signal, onEvent } = environment;
  const registry = (await environment.npmRegistry()).replace(/\/+$/, "");
  const address = `${registry}/${name}`;
  if (!/^https?:\/\//.test(address)) {
    throw new MissingError(
      `npm's registry is ${JSON.stringify(registry)}, not an address; see npm config get registry`,
    );
  }
  const packument = packumentSchema.safeParse(await fetchJson(address, maxPackumentBytes, fetch, signal));
  const dist = packument.success ? packument.data.versions[version]?.dist : undefined;
  if (!dist) throw new MissingError(`${address} has no ${name}@${version} with an integrity value`);
  if (!dist.integrity.split(/\s+/).includes(integrity)) {
    const difference = `${dist.integrity} where ${integrity} is known`;
    throw new FormatError(address, `names another content for ${name}@${version} than was published: ${difference}`);
  }
  const tarball = new URL(dist.tarball, `${registry}/`);
  if (!/^https?:$/.test(tarball.protocol)) throw new FormatError(address, `names a tarball at ${dist.tarball}`);
  await downloadFile({ address: tarball.href, partial: path, maxBytes, fetch, signal, onEvent });
  const digest = `sha512-${await fileDigest(path, "sha512", "base64")}`;
  if (digest === integrity) return;
  await rm(path, { force: true });
  throw new FormatError(
    tarball.href,
    `has the digest ${digest} but should have ${integrity}; it was removed: try again`,
  );
};
