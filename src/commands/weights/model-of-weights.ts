// Which network opened weights are of, and the model that they make: what the file says of itself, what the person says, or what
// the tensors or the graph show.
import { FormatError, UsageError } from "../../base/errors.ts";
import { formatShape } from "../../base/shape.ts";
import type { NamedTensors } from "../../base/tensor.ts";
import type { DataSetNotice } from "../../data/node/data-set-options.ts";
import { namedSpecFor, recogniseOrRefuse } from "../../exchange/names/recognise-tensors.ts";
import { toTorchvision } from "../../exchange/names/rename.ts";
import { recogniseNetwork } from "../../exchange/structure/recognise.ts";
import { specOfGraph } from "../../exchange/structure/spec-of-graph.ts";
import { matchTensors } from "../../model/match-tensors.ts";
import type { Quantization } from "../../passes/quantize/quantization.ts";
import { namedSpec } from "../../spec/named-networks.ts";
import type { MapShape, ResNetSpec } from "../../spec/spec.ts";
import type { OpenedGraphFile, OpenedTensorsFile, OpenedWeights } from "../run-directory/open-weights.ts";
import { type KeptMetadata, readModelMetadata, type TrainedModel } from "../trained-model.ts";
import { readQuantized } from "./quantized-tensors.ts";

export interface ModelOfWeights {
  readonly model: TrainedModel;
  /** What was recognised, a warning where it may be wrong; null where the file or the person said which network it is. */
  readonly notice: DataSetNotice | null;
}

/** A named network as the weights would have it: their classes, channels, epsilon. `size` is that of the images, where it is known. */
export const specNamed = (name: string, opened: OpenedWeights, size?: MapShape): ResNetSpec => {
  if (opened.kind === "tensors") return namedSpecFor(name, toTorchvision(opened.asNamed), size);
  const { input, classes, batchNorm } = specOfGraph(opened.graph);
  return namedSpec(name, { input, classes, batchNorm });
};

interface Network {
  readonly spec: ResNetSpec;
  readonly tensors: NamedTensors;
  readonly notice: DataSetNotice | null;
}

const described = ({ name, input, classes }: ResNetSpec): string =>
  `${name} for ${formatShape(input)} and ${classes} classes`;

/** How many networks with the same tensors a sentence names. */
const namedAtMost = 3;

const others = ([first, ...rest]: readonly ResNetSpec[]): string => {
  if (first === undefined) return "";
  if (rest.length === 0) return `; ${first.name} has the same tensors: if it is that, choose it with --model`;
  const names = [first, ...rest].map(({ name }) => name);
  const [shown, more] = [names.slice(0, namedAtMost), names.length - namedAtMost];
  const list =
    more > 0 ? `${shown.join(", ")} and ${more} more` : `${shown.slice(0, -1).join(", ")} and ${shown.at(-1)}`;
  return `; ${list} have the same tensors: if it is one of them, choose it with --model`;
};

const ofTensors = ({ file, tensors, asNamed }: OpenedTensorsFile, known: ResNetSpec | null): Network => {
  if (known !== null) return { spec: known, tensors: matchTensors(known, tensors, file), notice: null };
  const { candidates, naming } = recogniseOrRefuse(asNamed, file);
  const [spec, ...same] = candidates;
  const how = "by its tensors, which have the names of";
  const message = `${file}: recognised ${described(spec)} ${how} ${naming.whose}${others(same)}`;
  const notice = { event: same.length === 0 ? "notice" : "warning", message } as const;
  return { spec, tensors: matchTensors(spec, tensors, file), notice };
};

const ofGraph = ({ file, graph, found }: OpenedGraphFile, known: ResNetSpec | null): Network => {
  const network = recogniseNetwork(graph, known);
  if (known !== null) return { ...network, notice: null };
  const message = `${file}: recognised ${described(network.spec)} by its layers; it is ${found}`;
  const notice = { event: "notice", message } as const;
  return { ...network, notice };
};

/**
 * The model that weights make. `given` is the spec that the person named, and wins over one that the file keeps. Throws FormatError
 * when tensors or layers are another network's (the first that differ are named), when they are no network's that has a name, or
 * when the metadata make no sense.
 */
export const modelOfWeights = (opened: OpenedWeights, given: ResNetSpec | null): ModelOfWeights => {
  const { file, metadata } = opened;
  const { spec: kept, classes, preprocessing, ranges } = readModelMetadata(metadata, file);
  if (ranges !== null) return quantizedModel(opened, given, { spec: kept, classes, preprocessing, ranges });
  const known = given ?? kept;
  const { spec, tensors, notice } = opened.kind === "tensors" ? ofTensors(opened, known) : ofGraph(opened, known);
  checkClasses(classes, spec, file);
  return { model: { spec, tensors, preprocessing, classes }, notice };
};

const checkClasses = (classes: readonly string[] | null, spec: ResNetSpec, file: string): void => {
  if (classes !== null && classes.length !== spec.classes) {
    throw new FormatError(file, `names ${classes.length} classes but its network tells ${spec.classes} apart`);
  }
};

/** A file that `residual quantize` wrote says itself what it is. */
const quantizedModel = (
  opened: OpenedWeights,
  given: ResNetSpec | null,
  { spec, classes, preprocessing, ranges }: KeptMetadata & { readonly ranges: Quantization["ranges"] },
): ModelOfWeights => {
  const { file } = opened;
  if (given !== null) throw new UsageError(`${file} is quantised and says which network it is of; leave out --model`);
  if (spec === null || opened.kind !== "tensors") {
    throw new FormatError(file, "is quantised but doesn't say of which network: its metadata has no spec");
  }
  checkClasses(classes, spec, file);
  const { tensors, quantization } = readQuantized(spec, ranges, opened.asNamed, file);
  return { model: { spec, tensors, preprocessing, classes, quantization }, notice: null };
};
