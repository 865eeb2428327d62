// For tests: from the bytes of an ONNX file to a network, as commands/weights does it for files.
import { invariant } from "../../base/errors.ts";
import { matchTensors } from "../../model/match-tensors.ts";
import { parseSpec } from "../../spec/parse-spec.ts";
import type { ResNetSpec } from "../../spec/spec.ts";
import { type RecognisedNetwork, recogniseNetwork } from "../structure/recognise.ts";
import { readOnnx } from "./onnx.ts";

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
