// <weights> of the command line, as far as it lies on the disk: a run directory, one of its checkpoints, a file, or a Keras model's
// folder. What lies there is told by its content; what network it is, is trained-model.ts' question.
import * as fs from "node:fs/promises";
import { join, resolve } from "node:path";
import { UsageError } from "../../base/errors.ts";
import { explainFileError, systemCode } from "../../base/file-error.ts";
import type { NamedTensors } from "../../base/tensor.ts";
import { openTensors, type WeightsFormat } from "../../checkpoint/node/open-tensors.ts";
import { withFile } from "../../checkpoint/node/read-file.ts";
import { recognitionBytes } from "../../checkpoint/recognise-format.ts";
import { toTorchvision } from "../../exchange/names/rename.ts";
import type { SourceGraph } from "../../exchange/structure/source-graph.ts";
import { type GraphFormatName, graphFormats } from "../weights/graph-formats.ts";
import { kerasFile } from "../weights/keras-format.ts";
import { modelFile } from "./checkpoint.ts";
import { checkpointPath, readLatestEntry } from "./checkpoint-store.ts";

interface OpenedFile {
  /** The file that the weights came from. */
  readonly file: string;
  /** The step of the checkpoint; null for a file that belongs to no run. */
  readonly step: number | null;
  /** What the file is, for people: "a PyTorch file, its state_dict; left out: epoch". */
  readonly found: string;
  /** `spec`, `classes` and `preprocessing` as JSON texts, where the file has them. */
  readonly metadata: Readonly<Record<string, string>>;
}

/** Tensors by name: which network they are of, their names and shapes tell more or less. */
export interface OpenedTensorsFile extends OpenedFile {
  readonly kind: "tensors";
  readonly format: WeightsFormat | GraphFormatName;
  /** Under torchvision's names, where the file's belong to a family that is known. */
  readonly tensors: NamedTensors;
  /** Under the file's own names. */
  readonly asNamed: NamedTensors;
  /** Whose names the file has: "torchvision", "timm-resnetv2" … */
  readonly naming: string;
}

/** A whole network, as the format's own graph. */
export interface OpenedGraphFile extends OpenedFile {
  readonly kind: "graph";
  readonly format: GraphFormatName;
  readonly graph: SourceGraph;
}

export type OpenedWeights = OpenedTensorsFile | OpenedGraphFile;

const understood =
  "weights are a run directory, a checkpoint's directory, a safetensors, PyTorch (.pth), npz or ONNX file, or a Keras model (tfjs layers)";

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
  const start = await withFile(file, ({ bytes, read }) => read(0, Math.min(recognitionBytes, bytes)));
  const graphFormat = graphFormats.find(({ startsSo }) => startsSo(start));
  if (graphFormat !== undefined) {
    const { name, found, read } = graphFormat;
    const whole = await read(file);
    const opened = { file, step, format: name, found };
    if (whole.kind === "graph") return { ...opened, ...whole };
    return { ...opened, ...whole, asNamed: whole.tensors, naming: "torchvision" };
  }
  const { tensors: asNamed, metadata, format, found } = await openTensors(file);
  const { tensors, naming } = toTorchvision(asNamed);
  return { kind: "tensors", file, step, tensors, asNamed, naming: naming.name, metadata, format, found };
};

const locate = async (path: string, which: "latest" | "best"): Promise<{ file: string; step: number | null }> => {
  let isDirectory: boolean;
  try {
    isDirectory = (await fs.stat(path)).isDirectory();
  } catch (error) {
    throw explainFileError(error, path, `read ${path}`, understood);
  }
  if (!isDirectory) return { file: path, step: null };
  for (const name of [modelFile, kerasFile]) {
    if (await exists(join(path, name))) return { file: join(path, name), step: null };
  }
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
