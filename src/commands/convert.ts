// `residual convert <in> <out>`: weights from one format to another, as a function. Printing is the command line's.
import { stat } from "node:fs/promises";
import { resolve } from "node:path";
import { UsageError } from "../base/errors.ts";
import { elementCount } from "../base/shape.ts";
import type { NamedTensors } from "../base/tensor.ts";
import { writeFileAtomically } from "../checkpoint/node/atomic-file.ts";
import type { WeightsFormat } from "../checkpoint/node/open-tensors.ts";
import type { StoredFloat } from "../checkpoint/stored-elements.ts";
import { formatForPath, lostMetadata, type WrittenFormat, writers } from "../checkpoint/write-formats.ts";
import { fromTorchvision } from "../exchange/names/rename.ts";
import { openWeights } from "./run-directory/open-weights.ts";

export interface ConvertOptions {
  /** What f32 tensors are stored as (default f32); f16 and bf16 are rounded to nearest, ties to even. */
  readonly floats?: StoredFloat;
  /**
   * Under whose names: "torchvision" (default), "timm-resnetv2", "cifar-ports", "transformers", or "kept", the file's own.
   * Names that belong to no known family are kept anyhow.
   */
  readonly names?: string;
}

export interface ConvertDocument {
  readonly from: WeightsFormat;
  readonly to: WrittenFormat;
  readonly tensors: number;
  /** Learned numbers: all but running statistics and counts of batches. */
  readonly parameters: number;
  /** The file written. */
  readonly file: string;
  /** What was read, for people. */
  readonly found: string;
  /** Keys of the metadata, such as spec and classes, that the written format has no place for. */
  readonly lost: readonly string[];
}

const isStatistic = (name: string): boolean => /\.(running_mean|running_var|num_batches_tracked)$/.test(name);

const countParameters = (tensors: NamedTensors): number =>
  [...tensors].reduce((sum, [name, { shape }]) => (isStatistic(name) ? sum : sum + elementCount(shape)), 0);

/**
 * Reads weights of any format (told by content) and writes them in the format of the new file's extension: .safetensors, .pth (.pt,
 * .th) or .npz. Values are bit-equal unless `floats` rounds them; half-precision numbers become f32, which holds them exactly.
 * Throws UsageError (an existing file, an unknown extension, a number beyond `floats` …), FormatError (damaged input).
 */
export const convert = async (
  from: string,
  to: string,
  cwd: string,
  { floats = "f32", names = "torchvision" }: ConvertOptions = {},
): Promise<ConvertDocument> => {
  const path = resolve(cwd, to);
  const format = formatForPath(path);
  if ((await stat(path).catch(() => null)) !== null) {
    throw new UsageError(`${path} exists already; choose another file, or remove it first`);
  }
  const opened = await openWeights(from, cwd);
  const { metadata } = opened;
  const tensors = names === "kept" ? opened.asNamed : fromTorchvision(opened.tensors, names);
  const container = { tensors, metadata };
  await writeFileAtomically(path, writers[format].parts(container, floats));
  return {
    from: opened.format,
    to: format,
    tensors: tensors.size,
    parameters: countParameters(opened.tensors),
    file: path,
    found: opened.found,
    lost: lostMetadata(container, format),
  };
};
