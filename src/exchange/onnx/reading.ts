// An ONNX graph under translation: what its values have become, and a node with what a rule may ask about it.
import { FormatError } from "../../base/errors.ts";
import { formatShape } from "../../base/shape.ts";
import { type HostTensor, tensor } from "../../base/tensor.ts";
import type { Sides } from "../../spec/spec.ts";
import { transposed } from "../keras/layouts.ts";
import type { SourceNode } from "../structure/source-graph.ts";
import type { Computed } from "./compute-shapes.ts";
import { quoted } from "./decode-model.ts";
import { type OnnxAttributes, type OnnxNode, type OnnxTensor, onnxTypes } from "./onnx-model.ts";
import { floatTensor, type WholeNumbers, wholeNumbers } from "./tensor-elements.ts";

/** Of activations; all is f32 here. */
export const floatTypes: readonly number[] = [onnxTypes.f32, onnxTypes.f16, onnxTypes.bf16, onnxTypes.f64];

export type Weight = HostTensor<"f32">;
export type Layout = "NCHW" | "NHWC" | "features";

/** What flows from the images to the logits. */
export interface Activation {
  readonly kind: "activation";
  /** The source graph's node that made it, or "input". */
  readonly node: string;
  /** The ONNX value that it was made as; others may stand for the same. */
  readonly origin: string;
  readonly layout: Layout;
  /** null where the file leaves it open. */
  readonly size: readonly [height: number, width: number] | null;
  /** Put around it by a Pad, for the window that comes next. */
  readonly border: (Sides & { readonly value: number }) | null;
  /** Only every so many-th row and column of it; no node of its own until something asks for it. */
  readonly strides: readonly [rows: number, columns: number];
  /** Probabilities already: nothing may follow. */
  readonly ended: boolean;
}
export type ReadValue =
  | Activation
  | { readonly kind: "weights"; readonly tensor: OnnxTensor; readonly transposed: boolean }
  | { readonly kind: "numbers"; readonly numbers: Computed };

/** A tensor of a file as a value: small ones of whole numbers are axes, shapes and amounts. */
export const storedValue = (stored: OnnxTensor, file: string): ReadValue => {
  const numbers = wholeNumbers(stored, file);
  return numbers ? { kind: "numbers", numbers } : { kind: "weights", tensor: stored, transposed: false };
};

/** What all nodes of a graph share. */
export interface Translation {
  readonly file: string;
  readonly opset: number;
  readonly values: Map<string, ReadValue>;
  /** By name, in order. */
  readonly nodes: Map<string, SourceNode>;
  /** How often each value is read. */
  readonly readers: ReadonlyMap<string, number>;
}

const plain = { border: null, strides: [1, 1], ended: false } as const;

/** A node under translation. */
export class Reading {
  readonly node: OnnxNode;
  /** The name that its source node gets. */
  readonly label: string;
  readonly translation: Translation;
  #subsamples = 0;

  constructor(node: OnnxNode, label: string, translation: Translation) {
    this.node = node;
    this.label = label;
    this.translation = translation;
  }

  fail(problem: string): never {
    throw new FormatError(this.translation.file, `node ${quoted(this.label)} (${this.node.op}) ${problem}`);
  }

  value(input: number): ReadValue | null {
    const name = this.node.inputs[input] ?? "";
    if (name === "") return null;
    return this.translation.values.get(name) ?? this.fail(`reads ${quoted(name)}, which no earlier node makes`);
  }

  attribute<K extends keyof OnnxAttributes>(name: string, kind: K): OnnxAttributes[K] | null {
    const found = this.node.attributes.get(name);
    if (found === undefined) return null;
    const isKind = (attribute: { readonly kind: string }): attribute is { readonly kind: K } & OnnxAttributes[K] =>
      attribute.kind === kind;
    return isKind(found) ? found : this.fail(`has an attribute ${name} that is ${found.kind}, not ${kind}`);
  }

  /** Whole numbers of an attribute (older operators) or of an input (newer ones); null where there are none. */
  numbers(attribute: string, input: number): readonly number[] | null {
    const { values } = this.attribute(attribute, "ints") ?? {};
    if (values !== undefined) return values;
    const value = this.value(input);
    if (value === null) return null;
    if (value.kind !== "numbers") return this.fail(`has ${attribute} that aren't whole numbers`);
    return value.numbers?.values ?? this.fail(`has ${attribute} that depend on the size of the images`);
  }

  /** Throws unless an attribute is absent or has this value. */
  only(name: string, allowed: number): void {
    const value = this.attribute(name, "int")?.value ?? allowed;
    if (value !== allowed) this.fail(`has ${name} ${value}; only ${allowed} can be read`);
  }

  /** The activation that comes in, as it is: with what a Pad or a Slice made pending. */
  pending(input = 0): Activation {
    const value = this.value(input);
    if (value?.kind !== "activation") return this.fail(`has no activation as its input ${input}`);
    if (value.ended) this.fail("comes after a softmax, which only the end of a network has");
    return value;
  }

  /** The activation that comes in, nothing pending: what a Slice left out becomes a node. */
  input(input = 0): Activation {
    const given = this.pending(input);
    if (given.border) this.fail("comes after a Pad that only a convolution or a pool can take");
    return this.subsampled(given);
  }

  /** As a map with channels first, still with its border. */
  window(): Activation {
    const given = this.subsampled(this.pending());
    return given.layout === "NCHW" ? given : this.fail(`takes ${describeLayout(given)}; only [N, C, H, W] can be read`);
  }

  subsampled(given: Activation): Activation {
    const [rows, columns] = given.strides;
    if (rows === 1 && columns === 1) return given;
    if (rows !== columns) this.fail(`comes after a Slice that takes every ${rows}. row and every ${columns}. column`);
    const name = `${this.label}/subsample${this.#subsamples}`;
    this.#subsamples += 1;
    this.#insert({ kind: "zeroPad", name, inputs: [given.node], stride: rows, before: 0, after: 0 });
    return { ...given, node: name, size: stridedSize(given), strides: [1, 1] };
  }

  #insert(node: SourceNode): void {
    if (this.translation.nodes.has(node.name)) this.fail("has the name of an earlier node");
    this.translation.nodes.set(node.name, node);
  }

  /** A weight; `rank` is how many axes it has to have. */
  weight(input: number, rank: number): Weight {
    const value = this.value(input);
    const name = quoted(this.node.inputs[input] ?? "");
    if (value?.kind !== "weights") return this.fail(`has no constant weights as its input ${input} (${name})`);
    const read = floatTensor(value.tensor, this.translation.file);
    if (read.shape.length !== rank)
      this.fail(`has weights ${name} of shape ${formatShape(read.shape)}, not of ${rank} axes`);
    return value.transposed ? transposed(read) : read;
  }

  /** One number for each channel, whatever axes of size 1 stand beside it. */
  vector(input: number, length: number): Weight | null {
    const value = this.value(input);
    if (value?.kind !== "weights") return null;
    const { data } = floatTensor(value.tensor, this.translation.file);
    return data.length === length ? tensor("f32", [length], data) : null;
  }

  /** Adds a node, whose result is the first output. */
  add(node: SourceNode, result: Pick<Activation, "layout" | "size">): void {
    this.#insert(node);
    const origin = this.node.outputs[0] ?? "";
    this.becomes({ kind: "activation", ...plain, node: node.name, origin, layout: result.layout, size: result.size });
  }

  /** The first output is this value. */
  becomes(value: ReadValue): void {
    this.translation.values.set(this.node.outputs[0] ?? "", value);
  }

  becomesNumbers(numbers: WholeNumbers | null): void {
    this.becomes({ kind: "numbers", numbers });
  }
}

/** For errors. */
export const describeLayout = ({ layout }: Activation): string =>
  ({ NCHW: "a map [N, C, H, W]", NHWC: "a map [N, H, W, C]", features: "features [N, C]" })[layout];

/** Of every so many-th row and column. */
export const stridedSize = ({ size, strides }: Activation): Activation["size"] =>
  size && [Math.ceil(size[0] / strides[0]), Math.ceil(size[1] / strides[1])];

/** Translates one node: what its first output has become, and the source nodes that takes. */
export type Rule = (reading: Reading) => void;
