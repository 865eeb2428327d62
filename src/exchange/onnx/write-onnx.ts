// From a network of ours to an ONNX model. Initialisers are the network's tensors under their own names, and nothing else; images come
// in as `images` [N, C, H, W] with N left open, logits go out as `logits` [N, classes].
import { UsageError } from "../../base/errors.ts";
import type { NamedTensors } from "../../base/tensor.ts";
import type { Graph } from "../../graph/graph.ts";
import { buildGraph } from "../../model/forward.ts";
import { matchTensors } from "../../model/match-tensors.ts";
import { foldGraph, foldTensors } from "../../passes/fold-tensors.ts";
import type { ResNetSpec } from "../../spec/spec.ts";
import { floats } from "./attributes.ts";
import { encodeModel } from "./encode-model.ts";
import { type OnnxGraph, type OnnxModel, type OnnxNode, type OnnxTensor, onnxTypes } from "./onnx-model.ts";
import { Writing, writeNode } from "./write-rules.ts";

export interface OnnxOptions {
  /** The version of ONNX's operators, 17 (default) to 23: newer ones add nothing here, and older runtimes refuse them. */
  readonly opset?: number;
  /** Folds batch norms into the convolutions before them: faster where the runtime doesn't do it itself, and no longer trainable. */
  readonly foldBatchNorm?: boolean;
  /** Texts to keep in the file beside the spec: `classes`, `preprocessing`. */
  readonly metadata?: Readonly<Record<string, string>>;
  /** Of the program that writes. */
  readonly version?: string;
}

/** The format's version in which each version of the operators was released: ONNX's docs/Versioning.md. */
const irVersions: Readonly<Record<number, number>> = { 17: 8, 18: 8, 19: 9, 20: 9, 21: 10, 22: 10, 23: 11 };
export const opsets: readonly number[] = Object.keys(irVersions).map(Number);

export const producerName = "residual";
const [imagesName, logitsName] = ["images", "logits"];

/** The ONNX nodes of a graph in evaluation whose only output are the logits. */
export const onnxNodes = (graph: Graph): readonly OnnxNode[] => {
  const writing = new Writing(graph, new Map(graph.outputs.map(({ name }) => [name, logitsName])));
  for (const node of graph.nodes) writeNode(node, writing);
  return writing.nodes;
};

/** A network's graph as it is exported: for one image, which stands for any number of them. */
export const graphToExport = (spec: ResNetSpec): Graph => buildGraph(spec, { mode: "evaluation", batch: 1 });

const initializersOf = ({ states }: Graph, tensors: NamedTensors): ReadonlyMap<string, OnnxTensor> => {
  const initializers = new Map<string, OnnxTensor>();
  for (const { name, shape } of states) {
    const data = tensors.get(name)?.data;
    if (data instanceof Float32Array) initializers.set(name, floats(name, shape, data));
  }
  return initializers;
};

/** The network as a model, checked to be its spec's. Errors as writeOnnx's. */
export const onnxModel = (spec: ResNetSpec, tensors: NamedTensors, options: OnnxOptions = {}): OnnxModel => {
  const { opset = 17, foldBatchNorm = false, metadata = {}, version = "" } = options;
  const irVersion = irVersions[opset];
  if (irVersion === undefined) {
    throw new UsageError(`ONNX is written with operators of version ${opsets[0]} to ${opsets.at(-1)}, not ${opset}`);
  }
  const [whole, matched] = [graphToExport(spec), matchTensors(spec, tensors, spec.name)];
  const exported = foldBatchNorm ? foldGraph(whole) : whole;
  const graph: OnnxGraph = {
    name: spec.name,
    nodes: onnxNodes(exported),
    initializers: initializersOf(exported, foldBatchNorm ? foldTensors(whole, matched) : matched),
    inputs: [{ name: imagesName, dataType: onnxTypes.f32, shape: ["N", ...spec.input] }],
    outputs: [{ name: logitsName, dataType: onnxTypes.f32, shape: ["N", spec.classes] }],
  };
  const producer = { name: producerName, version };
  return { irVersion, opset, producer, graph, metadata: { ...metadata, spec: JSON.stringify(spec) } };
};

/**
 * The network as an ONNX file for inference, in pieces that are to be written one after another: tensors are not copied, so they must
 * not change before. Read back, an unfolded one is the same network with the same bits.
 *
 * Throws UsageError for operators of a version that isn't known and for a network of 2 GiB or more, FormatError for tensors that
 * aren't the spec's.
 */
export const writeOnnx = (spec: ResNetSpec, tensors: NamedTensors, options: OnnxOptions = {}): readonly Uint8Array[] =>
  encodeModel(onnxModel(spec, tensors, options));
