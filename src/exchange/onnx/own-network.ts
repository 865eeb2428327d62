// Networks in files that we wrote ourselves: the metadata say which spec it is, and that is believed where the nodes are just those that
// the spec is exported as. So every network comes back, also those that recognition has no words for (gates, dense blocks, uneven
// padding), and with every bit. A file that another program has changed since is read as anybody else's.
import { FormatError } from "../../base/errors.ts";
import { type HostTensor, type NamedTensors, tensor } from "../../base/tensor.ts";
import { matchTensors } from "../../model/match-tensors.ts";
import { parameterTable } from "../../model/parameter-table.ts";
import type { Folding } from "../../passes/fold-batch-norm.ts";
import { biasName, foldables, foldGraph } from "../../passes/fold-tensors.ts";
import { parseSpec } from "../../spec/parse-spec.ts";
import type { ResNetSpec } from "../../spec/spec.ts";
import { encodeNodes } from "./encode-model.ts";
import type { OnnxModel } from "./onnx-model.ts";
import { floatTensor } from "./tensor-elements.ts";
import { graphToExport, onnxNodes, producerName } from "./write-onnx.ts";

/** The spec in the metadata of a file of ours; null in others. */
export const ownSpec = ({ producer, metadata }: OnnxModel, file: string): ResNetSpec | null => {
  if (producer.name !== producerName || metadata.spec === undefined) return null;
  let json: unknown;
  try {
    json = JSON.parse(metadata.spec);
  } catch {
    throw new FormatError(file, "its metadata's spec is not valid JSON");
  }
  return parseSpec(json, `${file}: spec`);
};

const sameBytes = (a: Uint8Array, b: Uint8Array): boolean =>
  a.length === b.length && a.every((byte, i) => byte === b[i]);

/** What a folded batch norm was is lost; this one, behind the folded convolution, changes nothing but adds its bias. */
const unfolded = (spec: ResNetSpec, pairs: ReadonlyMap<string, Folding>, folded: NamedTensors): NamedTensors => {
  const biases = new Map([...pairs].map(([norm, pair]) => [norm, biasName(pair)]));
  const taken = new Set(biases.values());
  const filled = (length: number, value: number): HostTensor<"f32"> =>
    tensor("f32", [length], new Float32Array(length).fill(value));
  const tensors = new Map<string, HostTensor>();
  for (const { name, shape, role } of parameterTable(spec)) {
    const [length = 0] = shape;
    const bias = biases.get(name.replace(/\.[^.]+$/, ""));
    const given = bias === undefined ? folded.get(name) : folded.get(bias);
    // What the file's own tensors don't bear out is left out, for matchTensors to tell: a spec may say any width.
    const isBorneOut = given?.shape.length === 1 && given.shape[0] === length;
    const identity = {
      scale: 1,
      runningMean: 0,
      runningVariance: 1 - spec.batchNorm.epsilon,
      shift: 0,
      weight: 0,
      bias: 0,
    }[role];
    const isMade = bias === undefined ? taken.has(name) : role !== "shift";
    if (isMade && isBorneOut) tensors.set(name, filled(length, bias === undefined ? 0 : identity));
    else if (!isMade && given !== undefined) tensors.set(name, given);
  }
  return tensors;
};

/** The tensors of a file whose nodes are those that `spec` is exported as, folded or not; null where they aren't. */
export const ownTensors = ({ graph }: OnnxModel, spec: ResNetSpec, file: string): NamedTensors | null => {
  const exported = graphToExport(spec);
  const found = encodeNodes(graph.nodes);
  const whole = sameBytes(encodeNodes(onnxNodes(exported)), found);
  if (!whole && !sameBytes(encodeNodes(onnxNodes(foldGraph(exported))), found)) return null;
  const stored = new Map([...graph.initializers].map(([name, each]) => [name, floatTensor(each, file)]));
  return matchTensors(spec, whole ? stored : unfolded(spec, foldables(exported), stored), file);
};
