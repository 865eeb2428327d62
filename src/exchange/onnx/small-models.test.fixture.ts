// For tests: small networks and their files, models under change, and what a reader answers.
import { FormatError, UsageError } from "../../base/errors.ts";
import type { NamedTensors } from "../../base/tensor.ts";
import { namedSpec, type SpecOptions } from "../../spec/named-networks.ts";
import type { ResNetSpec } from "../../spec/spec.ts";
import { encodeModel } from "./encode-model.ts";
import type { OnnxAttribute, OnnxModel, OnnxNode } from "./onnx-model.ts";

/** Stages of 1, 2, 1 … blocks, 4 channels wide at first. */
export const small = (name: string, options: SpecOptions = {}): ResNetSpec => {
  const spec = namedSpec(name, { classes: 5, ...options });
  const stages = spec.stages.slice(0, 3).map((stage, s) => ({ ...stage, blocks: s === 1 ? 2 : 1, width: 4 * 2 ** s }));
  return { ...spec, stem: spec.stem && { ...spec.stem, width: 4 }, stages };
};

export const joined = (parts: readonly Uint8Array[]): Uint8Array => {
  const bytes = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
};
export const fileOf = (model: OnnxModel): Uint8Array => joined(encodeModel(model));

/** The model as another program's: nothing says which network it is, and nodes may be changed. */
export const foreign = (
  model: OnnxModel,
  change: (nodes: readonly OnnxNode[]) => readonly OnnxNode[] = (n) => n,
): OnnxModel => ({
  ...model,
  producer: { name: "someone", version: "1" },
  metadata: {},
  graph: { ...model.graph, nodes: change(model.graph.nodes) },
});

export const node = (
  op: string,
  inputs: readonly string[],
  output: string,
  attributes: Readonly<Record<string, OnnxAttribute>> = {},
): OnnxNode => ({
  name: `${op}_${output}`,
  op,
  domain: "",
  inputs,
  outputs: [output],
  attributes: new Map(Object.entries(attributes)),
});

/** Nodes with some of a kind, or of a name, replaced by others. */
export const replaced =
  (which: string, others: (node: OnnxNode) => readonly OnnxNode[]) =>
  (nodes: readonly OnnxNode[]): readonly OnnxNode[] =>
    nodes.flatMap((each) => (each.op === which || each.name === which ? others(each) : [each]));

/** The message of what a reader refuses; other errors pass. */
export const refusal = (run: () => unknown): string => {
  try {
    run();
  } catch (error) {
    if (error instanceof FormatError || error instanceof UsageError) return error.message;
    throw error;
  }
  return "accepted";
};

/** Names, shapes and every bit. */
export const bits = (tensors: NamedTensors): readonly (readonly [string, string])[] =>
  [...tensors].map(([name, { data, shape }]) => {
    const bytes = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
    return [name, `${shape} ${bytes.toString("hex")}`];
  });
