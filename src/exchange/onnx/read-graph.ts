// From an ONNX graph that another program wrote to the terms that residual networks need.
import { FormatError } from "../../base/errors.ts";
import type { MapShape } from "../../spec/spec.ts";
import type { SourceGraph, SourceNode } from "../structure/source-graph.ts";
import { shapeOperations } from "./compute-shapes.ts";
import { quoted } from "./decode-model.ts";
import type { OnnxModel, OnnxNode, OnnxValue } from "./onnx-model.ts";
import { readRules } from "./read-rules.ts";
import { type Activation, floatTypes, Reading, type ReadValue, storedValue, type Translation } from "./reading.ts";

/** The oldest version of the operators whose meanings the rules know. */
const oldestOpset = 7;

/** Names that are for people already, or else the operation and the node's number. */
const labelOf = ({ name, op, outputs }: OnnxNode, index: number, taken: (label: string) => boolean): string => {
  const candidates = [name, outputs[0] ?? ""].filter((label) => /^[\x21-\x7e]{1,100}$/.test(label) && !taken(label));
  return candidates[0] ?? `${op.replaceAll(/[^A-Za-z0-9_]/g, "").slice(0, 40)}#${index}`;
};

const sizeOf = (size: number | string | undefined): number | null =>
  typeof size === "number" && size > 0 && size <= 2 ** 20 ? size : null;

/** The images: channels last where the first thing done to them is to put channels first. */
const imagesOf = (
  { name, dataType, shape }: OnnxValue,
  nodes: readonly OnnxNode[],
  file: string,
): { readonly activation: Activation; readonly input: MapShape | null } => {
  if (shape?.length !== 4 || (dataType !== 0 && !floatTypes.includes(dataType))) {
    throw new FormatError(
      file,
      `its input ${quoted(name)} isn't a batch of images: four axes of floating-point numbers`,
    );
  }
  const reader = nodes.find(({ inputs }) => inputs.includes(name));
  const perm = reader?.op === "Transpose" ? reader.attributes.get("perm") : undefined;
  const last = perm?.kind === "ints" && perm.values.join() === "0,3,1,2";
  const [, a, b, c] = shape.map(sizeOf);
  const [channels, height, width] = last ? [c, a, b] : [a, b, c];
  const known = channels && height && width;
  const activation: Activation = {
    kind: "activation",
    node: "input",
    origin: name,
    layout: last ? "NHWC" : "NCHW",
    size: height && width ? [height, width] : null,
    border: null,
    strides: [1, 1],
    ended: false,
  };
  return { activation, input: known ? [channels, height, width] : null };
};

/** Whole numbers from whole numbers alone, if that is what a node computes. */
const computeNumbers = (reading: Reading): boolean => {
  const { op, inputs } = reading.node;
  const operation = Object.hasOwn(shapeOperations, op) ? shapeOperations[op] : undefined;
  const values = inputs.map((_, i) => reading.value(i));
  if (operation === undefined) return false;
  if (op === "Shape" && values[0]?.kind === "activation") {
    reading.becomesNumbers(null);
    return true;
  }
  if (values.length === 0 || values.some((value) => value !== null && value.kind !== "numbers")) return false;
  const attribute = (name: string): readonly number[] | null => {
    const found = reading.node.attributes.get(name);
    if (found?.kind === "ints") return found.values;
    if (found?.kind !== "tensor") return null;
    const stored = storedValue(found.value, reading.translation.file);
    return stored.kind === "numbers" ? (stored.numbers?.values ?? null) : null;
  };
  const numbers = operation(
    values.map((value) => (value?.kind === "numbers" ? value.numbers : undefined)),
    attribute,
  );
  if (numbers === undefined) reading.fail("computes a shape in a way that isn't understood");
  else reading.becomesNumbers(numbers);
  return true;
};

const translate = (reading: Reading): void => {
  const { op, domain } = reading.node;
  if (domain !== "") reading.fail(`is an operation of ${quoted(domain)}, not of ONNX itself`);
  if (computeNumbers(reading)) return;
  const rule = Object.hasOwn(readRules, op) ? readRules[op] : undefined;
  if (rule === undefined) reading.fail("is an operation that no residual network here has");
  else rule(reading);
};

/** Nodes on ways to the one that gives the logits, which is the last of them then. */
const leadingTo = (last: string, nodes: ReadonlyMap<string, SourceNode>): readonly SourceNode[] => {
  const needed = new Set([last]);
  const pending = [last];
  for (let name = pending.pop(); name !== undefined; name = pending.pop()) {
    for (const input of nodes.get(name)?.inputs ?? []) {
      if (!needed.has(input)) pending.push(input);
      needed.add(input);
    }
  }
  return [...nodes.values()].filter(({ name }) => needed.has(name));
};

/**
 * The graph of an ONNX model in the terms of structure/source-graph.ts: Pads joined to the windows they are for, constants and what is
 * computed of shapes gone, a softmax at the end left out. Throws FormatError with the node, for every operation and setting that no
 * residual network of ours has.
 */
export const readOnnxGraph = ({ graph, opset }: OnnxModel, file: string): SourceGraph => {
  if (opset < oldestOpset) {
    throw new FormatError(file, `its operators are of version ${opset}; ${oldestOpset} and later are read`);
  }
  const inputs = graph.inputs.filter(({ name }) => !graph.initializers.has(name));
  const [images, ...others] = inputs;
  const [logits, ...otherOutputs] = graph.outputs;
  if (images === undefined || others.length > 0) {
    throw new FormatError(file, `it has ${inputs.length} inputs; a ResNet has one, images`);
  }
  if (logits === undefined || otherOutputs.length > 0) {
    throw new FormatError(file, `it has ${graph.outputs.length} outputs; a ResNet has one, logits or probabilities`);
  }
  const { activation, input } = imagesOf(images, graph.nodes, file);
  const readers = new Map<string, number>();
  const read = (name: string): void => void readers.set(name, (readers.get(name) ?? 0) + 1);
  for (const name of [...graph.nodes.flatMap((node) => node.inputs), logits.name]) read(name);
  const values = new Map<string, ReadValue>([[images.name, activation]]);
  for (const [name, tensor] of graph.initializers) values.set(name, storedValue(tensor, file));
  const translation: Translation = { file, opset, values, nodes: new Map(), readers };
  const labels = new Set<string>(["input"]);
  for (const [index, node] of graph.nodes.entries()) {
    const label = labelOf(node, index, (name) => labels.has(name));
    labels.add(label);
    const [output] = node.outputs;
    if (output === undefined || values.has(output)) {
      throw new FormatError(
        file,
        `node ${quoted(label)} (${node.op.slice(0, 40)}) makes no value, or one that exists already`,
      );
    }
    translate(new Reading(node, label, translation));
  }
  const last = values.get(logits.name);
  if (last?.kind !== "activation" || last.border !== null || last.strides.some((stride) => stride > 1)) {
    throw new FormatError(file, `its output ${quoted(logits.name)} is made by no layer`);
  }
  return { file, input, nodes: leadingTo(last.node, translation.nodes) };
};
