// A model that was fetched and converted, and its file in the cache: safetensors as every weights file of ours, whole or not there, with
// a small record beside it that says where it came from and what its bytes are.
import { mkdir, readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { explainFileError } from "../../base/file-error.ts";
import type { NamedTensors } from "../../base/tensor.ts";
import { writeTextAtomically } from "../../checkpoint/node/atomic-file.ts";
import { writeTensorsFile } from "../../checkpoint/node/tensors-file.ts";
import type { Preprocessing } from "../../data/preprocessing.ts";
import { parameterTable } from "../../model/parameter-table.ts";
import type { ResNetSpec } from "../../spec/spec.ts";
import { fileDigest } from "./file-digest.ts";

export interface PulledModel {
  readonly spec: ResNetSpec;
  readonly tensors: NamedTensors;
  /** Names by class; null where the source has none. */
  readonly classes: readonly string[] | null;
  /** null where the source doesn't say how its pictures were prepared. */
  readonly preprocessing: Preprocessing | null;
}

/** What `residual pull --json` prints. */
export interface PullDocument {
  readonly name: string;
  /** The safetensors file in the cache, an absolute path. */
  readonly file: string;
  /** Learned ones, without running statistics. */
  readonly parameters: number;
  readonly sha256: string;
}

const recordSchema = z.object({ name: z.string(), parameters: z.number(), sha256: z.string() });

/** `hf:timm/resnet50.a1_in1k` as a file name: `hf--timm--resnet50.a1_in1k`. */
const fileName = (name: string): string => name.replaceAll(/[:/]/g, "--");

/** Where pulled models lie in the cache. */
export const pulledFolder = (cacheFolder: string): string => join(cacheFolder, "pulled");
/** Where a name's weights lie once they were pulled: for `<weights>` as well. */
export const pulledFile = (cacheFolder: string, name: string): string =>
  join(pulledFolder(cacheFolder), `${fileName(name)}.safetensors`);
/** Where unfinished downloads of a name gather. */
export const partialFile = (cacheFolder: string, name: string): string =>
  join(pulledFolder(cacheFolder), `.${fileName(name)}.partial`);
const recordFile = (cacheFolder: string, name: string): string =>
  join(pulledFolder(cacheFolder), `${fileName(name)}.json`);

/** The document of a model pulled earlier; null where it isn't there, or its bytes are others than they were. */
export const findPulled = async (cacheFolder: string, name: string): Promise<PullDocument | null> => {
  const file = pulledFile(cacheFolder, name);
  try {
    const record = recordSchema.parse(JSON.parse(await readFile(recordFile(cacheFolder, name), "utf8")));
    const sha256 = await fileDigest(file, "sha256", "hex");
    return record.sha256 === sha256 ? { name, file, parameters: record.parameters, sha256 } : null;
  } catch {
    return null; // not there, or not whole: it is pulled (again)
  }
};

/** Names of the models in the cache, by what they learned: the smallest first. Whether they are whole, findPulled says. */
export const pulledNames = async (cacheFolder: string): Promise<readonly string[]> => {
  const found: z.infer<typeof recordSchema>[] = [];
  for (const file of await readdir(pulledFolder(cacheFolder)).catch(() => [])) {
    if (!file.endsWith(".json")) continue;
    try {
      found.push(recordSchema.parse(JSON.parse(await readFile(join(pulledFolder(cacheFolder), file), "utf8"))));
    } catch {
      // No record of ours: it is as if it weren't there.
    }
  }
  const order = (a: (typeof found)[number], b: (typeof found)[number]): number =>
    a.parameters - b.parameters || (a.name < b.name ? -1 : 1);
  return found.sort(order).map(({ name }) => name);
};

/** Writes a model into the cache: the weights first, then the record that says they are whole. */
export const keepPulled = async (cacheFolder: string, name: string, model: PulledModel): Promise<PullDocument> => {
  const { spec, tensors, classes, preprocessing } = model;
  const file = pulledFile(cacheFolder, name);
  try {
    await mkdir(pulledFolder(cacheFolder), { recursive: true });
    await rm(recordFile(cacheFolder, name), { force: true });
  } catch (error) {
    throw explainFileError(error, file, `write ${file}`);
  }
  const metadata = {
    spec: JSON.stringify(spec),
    ...(classes !== null && { classes: JSON.stringify(classes) }),
    ...(preprocessing !== null && { preprocessing: JSON.stringify(preprocessing) }),
  };
  await writeTensorsFile(file, { tensors, metadata });
  const sha256 = await fileDigest(file, "sha256", "hex");
  const parameters = parameterTable(spec)
    .filter(({ role }) => role !== "runningMean" && role !== "runningVariance")
    .reduce((sum, { name: parameter }) => sum + (tensors.get(parameter)?.data.length ?? 0), 0);
  await writeTextAtomically(recordFile(cacheFolder, name), `${JSON.stringify({ name, parameters, sha256 })}\n`);
  return { name, file, parameters, sha256 };
};
