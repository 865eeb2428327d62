// Networks as ONNX files, written for inference and read. The container and its bounds: decode-model.ts and encode-model.ts.
import type { ResNetSpec } from "../../spec/spec.ts";
import { type RecognisedNetwork, recogniseNetwork } from "../structure/recognise.ts";
import { decodeModel } from "./decode-model.ts";
import { ownNetwork, ownSpec } from "./own-network.ts";
import { readOnnxGraph } from "./read-graph.ts";

export { type OnnxOptions, opsets, writeOnnx } from "./write-onnx.ts";

export interface OnnxNetwork extends RecognisedNetwork {
  /** Texts in the file: of ours `spec`, `classes`, `preprocessing`; of others whatever they put there. */
  readonly metadata: Readonly<Record<string, string>>;
  /** For people: "an ONNX model by pytorch 1.13.0". */
  readonly found: string;
}

const shown = (text: string): string => text.replaceAll(/[^\x20-\x7e]/g, "?").slice(0, 40);

/**
 * The network in an ONNX file. Of one that we wrote, the metadata's spec and every bit of its tensors (where batch norms were folded,
 * ones that change nothing stand for them); of others, the network that the graph's structure says, whatever its nodes are called.
 * `given` is the network that it must be. Softmax at the end is left out: our networks give logits.
 *
 * Throws FormatError with the byte or the node for damaged files, external data, operations that no residual network has, and graphs
 * that are none of ours. Nothing in a file is executed.
 */
export const networkFromOnnx = (bytes: Uint8Array, file: string, given: ResNetSpec | null = null): OnnxNetwork => {
  const model = decodeModel(bytes, file);
  const { producer, metadata } = model;
  const expected = given ?? ownSpec(model, file);
  const own = expected && ownNetwork(model, expected, file);
  const network = own ?? recogniseNetwork(readOnnxGraph(model, file), expected);
  const by = [producer.name, producer.version].map(shown).filter((text) => text !== "");
  return { ...network, metadata, found: ["an ONNX model", ...(by.length > 0 ? [`by ${by.join(" ")}`] : [])].join(" ") };
};
