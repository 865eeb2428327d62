// <weights> of the command line, as far as it lies on the disk: a run directory, one of its checkpoints, or a file.
import * as fs from "node:fs/promises";
import { join, resolve } from "node:path";
import { UsageError } from "../../base/errors.ts";
import type { NamedTensors } from "../../base/tensor.ts";
import { explainFileError, systemCode } from "../../checkpoint/node/file-error.ts";
import { openTensors, type WeightsFormat } from "../../checkpoint/node/open-tensors.ts";
import { toTorchvision } from "../../exchange/names/rename.ts";
import { modelFile } from "./checkpoint.ts";
import { checkpointPath, readLatestEntry } from "./checkpoint-store.ts";

export interface OpenedWeights {
  /** The file that the tensors came from. */
  readonly file: string;
  /** The step of the checkpoint; null for a file that belongs to no run. */
  readonly step: number | null;
  /** Under torchvision's names, where the file's belong to a family that is known. */
  readonly tensors: NamedTensors;
  /** Under the file's own names. */
  readonly asNamed: NamedTensors;
  /** Whose names the file has: "torchvision", "timm-resnetv2" … */
  readonly naming: string;
  readonly format: WeightsFormat;
  /** What the file is, for people: "a PyTorch file, its state_dict; left out: epoch". */
  readonly found: string;
  /** `spec`, `classes` and `preprocessing` as JSON texts, where the file has them. */
  readonly metadata: Readonly<Record<string, string>>;
}

const understood =
  "weights are a run directory, a checkpoint's directory, or a safetensors, PyTorch (.pth) or npz file";

/**
 * Reads the weights at a path that is relative to `cwd`. Of a run directory `which` says which checkpoint: the latest
 * (default), or the best by validation score (the latest where none has one). Takes no lock.
 * Throws UsageError that names what is understood, FormatError for a damaged file and for one of another kind.
 */
export const openWeights = async (
  path: string,
  cwd: string,
  which: "latest" | "best" = "latest",
): Promise<OpenedWeights> => {
  const absolute = resolve(cwd, path);
  const { file, step } = await locate(absolute, which);
  const { tensors: asNamed, metadata, format, found } = await openTensors(file);
  const { tensors, naming } = toTorchvision(asNamed);
  return { file, step, tensors, asNamed, naming: naming.name, metadata, format, found };
};

const locate = async (path: string, which: "latest" | "best"): Promise<{ file: string; step: number | null }> => {
  let isDirectory: boolean;
  try {
    isDirectory = (await fs.stat(path)).isDirectory();
  } catch (error) {
    throw explainFileError(error, path, `read ${path}`, understood);
  }
  if (!isDirectory) return { file: path, step: null };
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
