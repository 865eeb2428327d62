// <weights> of the command line, as far as it lies on the disk: a run directory, one of its checkpoints, or a file.
import * as fs from "node:fs/promises";
import { join, resolve } from "node:path";
import { UsageError } from "../../base/errors.ts";
import type { NamedTensors } from "../../base/tensor.ts";
import { explainFileError, systemCode } from "../../checkpoint/node/file-error.ts";
import { readTensorsFile } from "../../checkpoint/node/tensors-file.ts";
import { modelFile } from "./checkpoint.ts";
import { checkpointPath, readLatestEntry } from "./checkpoint-store.ts";

export interface OpenedWeights {
  /** The file that the tensors came from. */
  readonly file: string;
  /** The step of the checkpoint; null for a file that belongs to no run. */
  readonly step: number | null;
  readonly tensors: NamedTensors;
  /** `spec`, `classes` and `preprocessing` as JSON texts, where the file has them. */
  readonly metadata: Readonly<Record<string, string>>;
}

const understood = "weights are a run directory, a checkpoint's directory, or a .safetensors file";

/**
 * Reads the weights at a path that is relative to `cwd`. Of a run directory `which` says which checkpoint: the latest
 * (default), or the best by validation score (the latest where none has one). Takes no lock.
 * Throws UsageError that names what is understood, FormatError for a damaged file.
 */
export const openWeights = async (
  path: string,
  cwd: string,
  which: "latest" | "best" = "latest",
): Promise<OpenedWeights> => {
  const absolute = resolve(cwd, path);
  const { file, step } = await locate(absolute, which);
  return { file, step, ...(await readTensorsFile(file)) };
};

const locate = async (path: string, which: "latest" | "best"): Promise<{ file: string; step: number | null }> => {
  let isDirectory: boolean;
  try {
    isDirectory = (await fs.stat(path)).isDirectory();
  } catch (error) {
    throw explainFileError(error, path, `read ${path}`, understood);
  }
  if (!isDirectory) {
    if (path.endsWith(".safetensors") || (await looksLikeSafetensors(path))) return { file: path, step: null };
    throw new UsageError(`${path} holds no weights that can be read; ${understood}`);
  }
  if (await exists(join(path, modelFile))) return { file: join(path, modelFile), step: null };
  if (!(await exists(join(path, "run.json")))) {
    throw new UsageError(`${path} is a directory without run.json; ${understood}`);
  }
  const latest = await readLatestEntry(path);
  if (latest === null) throw new UsageError(`the run ${path} has no checkpoint yet; train it further first`);
  const step = which === "best" && latest.best !== null ? latest.best.step : latest.step;
  return { file: join(checkpointPath(path, step), modelFile), step };
};

const exists = (path: string): Promise<boolean> =>
  fs.stat(path).then(
    () => true,
    (error: unknown) => {
      if (systemCode(error) === "ENOENT") return false;
      throw explainFileError(error, path, `read ${path}`);
    },
  );

/** Whether a header follows the first eight bytes, which give its length: the format has no magic number. */
const looksLikeSafetensors = async (path: string): Promise<boolean> => {
  if (!(await fs.stat(path)).isFile()) return false;
  const handle = await fs.open(path, "r").catch((error: unknown) => {
    throw explainFileError(error, path, `read ${path}`, understood);
  });
  try {
    const { buffer, bytesRead } = await handle.read(new Uint8Array(9), 0, 9, 0);
    const length = new DataView(buffer.buffer).getBigUint64(0, true);
    return bytesRead === 9 && buffer[8] === 0x7b && length <= BigInt((await handle.stat()).size - 8);
  } finally {
    await handle.close();
  }
};
