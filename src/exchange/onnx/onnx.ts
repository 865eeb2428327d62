// Networks as ONNX files, written for inference and read. The container and its bounds: decode-model.ts and encode-model.ts.
import type { NamedTensors } from "../../base/tensor.ts";
import type { SourceGraph } from "../structure/source-graph.ts";
import { decodeModel } from "./decode-model.ts";
import { ownSpec, ownTensors } from "./own-network.ts";
import { readOnnxGraph } from "./read-graph.ts";

export { type OnnxOptions, opsets, writeOnnx } from "./write-onnx.ts";

/** What an ONNX file holds. `metadata` are the texts of files that we wrote: `spec`, `classes` and `preprocessing`. */
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
  const metadata = spec ? model.metadata : {}; // what others keep under these names isn't ours
  return tensors
    ? { kind: "tensors", tensors, metadata }
    : { kind: "graph", graph: readOnnxGraph(model, file), metadata };
};
