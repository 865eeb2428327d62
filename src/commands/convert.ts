// `residual convert <in> <out>`: weights from one format to another, as a function. Printing is the command line's.
import { UsageError } from "../base/errors.ts";
import { elementCount } from "../base/shape.ts";
import type { NamedTensors } from "../base/tensor.ts";
import { writeFileAtomically } from "../checkpoint/node/atomic-file.ts";
import type { WeightsFormat } from "../checkpoint/node/open-tensors.ts";
import type { StoredFloat } from "../checkpoint/stored-elements.ts";
import type { TensorContainer } from "../checkpoint/tensor-container.ts";
import { lostMetadata, type WrittenFormat, writers } from "../checkpoint/write-formats.ts";
import { fromTorchvision } from "../exchange/names/rename.ts";
import { type ModelPlace, modelOf, openNamed } from "./choose-model.ts";
import { newFile } from "./new-file.ts";
import type { OpenedWeights } from "./run-directory/open-weights.ts";
import { modelMetadata } from "./trained-model.ts";
import type { GraphFormatName, graphFormats } from "./weights/graph-formats.ts";
import { type WrittenName, writtenAs } from "./weights/written-format.ts";

export interface ConvertOptions {
  /** What f32 tensors are stored as (default f32); f16 and bf16 are rounded to nearest, ties to even. Keras models know no bf16, ONNX only f32. */
  readonly floats?: StoredFloat;
  /**
   * Under whose names: "torchvision" (default), "timm-resnetv2", "cifar-ports", "transformers", or "kept", the file's own.
   * Names that belong to no known family are kept anyhow. Keras models have torchvision's, whichever they had.
   */
  readonly names?: string;
  /** The version of the operators of an ONNX model, 17 (default) to 23. */
  readonly opset?: number;
  /** Whether an ONNX model has its batch norms folded into the convolutions before them (default: no). */
  readonly foldBatchNorm?: boolean;
  /** Which network the weights are of, where the file doesn't say or is wrong: a name, or a spec file. */
  readonly model?: string;
}

export interface ConvertDocument {
  readonly from: WeightsFormat | GraphFormatName;
  readonly to: WrittenName;
  readonly tensors: number;
  /** Learned numbers: all but running statistics and counts of batches. */
  readonly parameters: number;
  /** The file or folder written. */
  readonly file: string;
  /** What was read, for people. */
  readonly found: string;
  /** What the written format has no place for: keys of the metadata, such as spec and classes, and what else it leaves out. */
  readonly lost: readonly string[];
}

interface Written {
  readonly to: WrittenName;
  readonly tensors: NamedTensors;
  readonly lost: readonly string[];
}

const isCount = (name: string): boolean => name.endsWith(".num_batches_tracked");
const isStatistic = (name: string): boolean => isCount(name) || /\.(running_mean|running_var)$/.test(name);

const countParameters = (tensors: NamedTensors): number =>
  [...tensors].reduce((sum, [name, { shape }]) => (isStatistic(name) ? sum : sum + elementCount(shape)), 0);

/** The whole model: what the file said, with the network as it was found. */
const containerOf = async (
  opened: OpenedWeights,
  options: ConvertOptions,
  place: ModelPlace,
): Promise<TensorContainer & { readonly model: Awaited<ReturnType<typeof modelOf>> }> => {
  const model = await modelOf(opened, options, place);
  if (opened.kind === "graph" && !model.spec.convolutionBias) {
    const before = new Set(opened.graph.nodes.flatMap((node) => (node.kind === "batchNorm" ? node.inputs : [])));
    const folded = opened.graph.nodes.some((node) => node.kind === "conv" && node.bias && before.has(node.name));
    const message = "biases of convolutions went into the running means of the batch norms behind them";
    if (folded) place.onEvent?.({ event: "notice", message });
  }
  return { model, tensors: model.tensors, metadata: { ...opened.metadata, ...modelMetadata(model) } };
};

const checkOnnxOptions = ({ opset, foldBatchNorm }: ConvertOptions, format: string): void => {
  if (opset === undefined && foldBatchNorm !== true) return;
  const option = opset === undefined ? "--fold-batch-norm" : `--opset ${opset}`;
  throw new UsageError(`${option} is for ONNX models (.onnx), not for ${format}; leave it out`);
};

const writeTensors = async (
  path: string,
  format: WrittenFormat,
  opened: OpenedWeights,
  options: ConvertOptions,
  place: ModelPlace,
): Promise<Written> => {
  const { floats = "f32", names = "torchvision", model } = options;
  checkOnnxOptions(options, format);
  // Tensors are converted as they are, whichever network's, unless the person says whose.
  const asTheyAre = opened.kind === "tensors" && model === undefined ? opened : null;
  if (names === "kept" && asTheyAre === null) {
    const why = model === undefined ? `${opened.found} names layers` : `--model ${model} asks for its network's`;
    throw new UsageError(`--names kept keeps the names that a file gives its tensors, but ${why}; leave it out`);
  }
  const { tensors: ours, metadata } = asTheyAre ?? (await containerOf(opened, options, place));
  const kept = asTheyAre?.asNamed ?? ours;
  const container = { tensors: names === "kept" ? kept : fromTorchvision(ours, names), metadata };
  await writeFileAtomically(path, writers[format].parts(container, floats));
  return { to: format, tensors: container.tensors, lost: lostMetadata(container, format) };
};

const writeGraph = async (
  path: string,
  format: (typeof graphFormats)[number],
  opened: OpenedWeights,
  options: ConvertOptions,
  place: ModelPlace,
): Promise<Written> => {
  const { floats = "f32", names = "torchvision", opset, foldBatchNorm } = options;
  if (format.name !== "onnx") checkOnnxOptions(options, format.found);
  if (names !== "torchvision") {
    throw new UsageError(`${format.found} names its tensors after its layers; leave out --names ${names}`);
  }
  const { model, tensors, metadata } = await containerOf(opened, options, place);
  const onnx = { ...(opset !== undefined && { opset }), ...(foldBatchNorm !== undefined && { foldBatchNorm }) };
  await format.write(path, { spec: model.spec, tensors, metadata, floats, onnx });
  const given = opened.kind === "tensors" ? opened.asNamed : new Map();
  const lost = [
    ...([...given.keys()].some(isCount) ? ["num_batches_tracked"] : []),
    ...(foldBatchNorm === true ? ["what batch norms were before they were folded"] : []),
    ...([...given.values()].some(({ dtype }) => dtype === "f64") ? ["digits of f64 beyond those of f32"] : []),
  ];
  return { to: format.name, tensors, lost };
};

/**
 * Reads weights of any format (told by content) and writes them in the format that the new name asks for: .safetensors, .pth (.pt,
 * .th), .npz, .onnx, or a Keras model's folder, whose name ends in "/". Values are bit-equal unless `floats` rounds them; half-precision
 * numbers become f32, which holds them exactly. Formats that describe the network take it from the metadata, from `model`, or
 * recognise it. Throws UsageError (an existing file, an unknown extension, a number beyond `floats`, a network that the format
 * can't say …), FormatError (damaged input, tensors of no network that is known).
 */
export const convert = async (
  from: string,
  to: string,
  place: ModelPlace,
  options: ConvertOptions = {},
): Promise<ConvertDocument> => {
  const as = writtenAs(to);
  const path = await newFile(to, place.cwd);
  const opened = await openNamed(from, place);
  if (opened.metadata.quantization !== undefined) {
    throw new UsageError(`${from} is quantised, and no other format holds that; convert the weights it was made from`);
  }
  const {
    to: format,
    tensors,
    lost,
  } = as.kind === "tensors"
    ? await writeTensors(path, as.format, opened, options, place)
    : await writeGraph(path, as.format, opened, options, place);
  return {
    from: opened.format,
    to: format,
    tensors: tensors.size,
    parameters: countParameters(opened.kind === "tensors" ? opened.tensors : tensors),
    file: path,
    found: opened.found,
    lost,
  };
};
