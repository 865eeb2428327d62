// Networks as ONNX files, written for inference and read. The container and its bounds: decode-model.ts and encode-model.ts.
import { invariant } from "../../base/errors.ts";
import type { NamedTensors } from "../../base/tensor.ts";
import { matchTensors } from "../../model/match-tensors.ts";
import { parseSpec } from "../../spec/parse-spec.ts";
import type { ResNetSpec } from "../../spec/spec.ts";
import { type RecognisedNetwork, recogniseNetwork } from "../structure/recognise.ts";
import type { SourceGraph } from "../structure/source-graph.ts";
import { decodeModel } from "./decode-model.ts";
import { ownSpec, ownTensors } from "./own-network.ts";
import { readOnnxGraph } from "./read-graph.ts";

export { type OnnxOptions, opsets, writeOnnx } from "./write-onnx.ts";

/** What an ONNX file holds. `metadata` are texts: of ours `spec`, `classes` and `preprocessing`; of others whatever they put there. */
export type ReadOnnx = { readonly metadata: Readonly<Record<string, string>> } & (
  | {
      /** A file of ours, unchanged: parameters and running statistics under torchvision's names, of the metadata's spec. */
      readonly kind: "tensors";
      readonly tensors: NamedTensors;
    }
  | { readonly kind: "graph"; readonly graph: SourceGraph }
);

/**
 * Reads an ONNX file. Of one that we wrote, the tensors come back with every bit (where batch norms were folded, ones that change
 * nothing stand for them); others are graphs, for recogniseNetwork. A softmax at the end is left out: our networks give logits.
 *
 * Throws FormatError with the byte or the node for damaged files, external data, and operations that no residual network has. Nothing
 * in a file is executed.
 */
export const readOnnx = (bytes: Uint8Array, file: string): ReadOnnx => {
  const model = decodeModel(bytes, file);
  const spec = ownSpec(model, file);
  const tensors = spec && ownTensors(model, spec, file);
  // What others call a spec isn't ours.
  const { spec: _, ...others } = model.metadata;
  const metadata = spec ? model.metadata : others;
  return tensors
    ? { kind: "tensors", tensors, metadata }
    : { kind: "graph", graph: readOnnxGraph(model, file), metadata };
};

/**
 * The network in an ONNX file: that of the metadata's spec in files of ours, in others the one that the graph's structure says, whatever
 * its nodes are called. `given` is the network that it must be. Throws FormatError as readOnnx, and for graphs that are none of ours.
 */
export const networkFromOnnx = (
  bytes: Uint8Array,
  file: string,
  given: ResNetSpec | null = null,
): RecognisedNetwork => {
  const read = readOnnx(bytes, file);
  const { spec: text } = read.metadata;
  const spec = given ?? (text === undefined ? null : parseSpec(JSON.parse(text), `${file}: spec`));
  if (read.kind === "graph") return recogniseNetwork(read.graph, spec);
  invariant(spec, `${file}: a file of ours has no spec`);
  return { spec, tensors: matchTensors(spec, read.tensors, file) };
};
