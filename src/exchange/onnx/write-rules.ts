// What each operation of a network in evaluation becomes in ONNX, in versions 17 and later of its operators.
import { UsageError } from "../../base/errors.ts";
import type { BackwardOps } from "../../graph/backward-ops.ts";
import type { AveragePoolParams, ConvParams, Padding, PoolParams } from "../../graph/geometry.ts";
import { type Graph, operandsOf, resultsOf } from "../../graph/graph.ts";
import type { Node, NodeOf, OpKind } from "../../graph/ops.ts";
import type { QuantizedOps } from "../../graph/quantized-ops.ts";
import type { UpdateOps } from "../../graph/update-ops.ts";
import type { Value } from "../../graph/value.ts";
import { float, floats, int, ints, longs, string } from "./attributes.ts";
import type { OnnxAttribute, OnnxNode, OnnxTensor } from "./onnx-model.ts";

type Attributes = Readonly<Record<string, OnnxAttribute>>;

/** The nodes under construction, and who reads what in the graph that they come from. */
export class Writing {
  readonly nodes: OnnxNode[] = [];
  readonly #makers = new Map<string, Node>();
  /** By value: nodes, and null for the caller, who reads outputs. */
  readonly #readers = new Map<string, (Node | null)[]>();
  readonly #names: ReadonlyMap<string, string>;

  /** `names`: values that are called otherwise in the file. */
  constructor(graph: Graph, names: ReadonlyMap<string, string>) {
    this.#names = names;
    const read = ({ name }: Value, reader: Node | null): void => {
      this.#readers.set(name, [...(this.#readers.get(name) ?? []), reader]);
    };
    for (const node of graph.nodes) {
      for (const [, { name }] of resultsOf(node)) this.#makers.set(name, node);
      for (const [, value] of operandsOf(node)) read(value, node);
    }
    for (const value of graph.outputs) read(value, null);
  }

  nameOf({ name }: Value): string {
    return this.#names.get(name) ?? name;
  }

  add(
    op: string,
    name: string,
    inputs: readonly (Value | string)[],
    y: Value | string,
    attributes: Attributes = {},
  ): void {
    const names = inputs.map((input) => (typeof input === "string" ? input : this.nameOf(input)));
    const output = typeof y === "string" ? y : this.nameOf(y);
    const sorted = Object.entries(attributes);
    this.nodes.push({ name, op, domain: "", inputs: names, outputs: [output], attributes: new Map(sorted) });
  }

  /** Adds a constant as a node, not as an initialiser: those are the network's tensors. */
  constant(name: string, value: OnnxTensor): string {
    this.add("Constant", name, [], name, { value: { kind: "tensor", value } });
    return name;
  }

  /** The convolution that made x, if x is for this node alone: the two are then one node of ONNX. */
  convolutionBefore({ operands: { x } }: NodeOf<"addBias">): NodeOf<"conv2d"> | null {
    const maker = this.#makers.get(x.name);
    return maker?.kind === "conv2d" && this.#readers.get(x.name)?.length === 1 ? maker : null;
  }

  /** The bias that a convolution's result goes to, alone. */
  biasBehind({ results: { y } }: NodeOf<"conv2d">): boolean {
    const readers = this.#readers.get(y.name) ?? [];
    const [reader] = readers;
    return readers.length === 1 && reader?.kind === "addBias";
  }
}

/** What only training has, or what engines make: no graph in evaluation holds it. */
type Elsewhere =
  | keyof BackwardOps
  | keyof UpdateOps
  | keyof QuantizedOps
  | "batchNormTrain"
  | "dropout"
  | "stochasticDepth"
  | "mixedTargets"
  | "softmaxCrossEntropy"
  | "softCrossEntropy"
  | "binaryCrossEntropy"
  | "cast"
  | "foldBatchNorm"
  | "fused";
export type ExportedKind = Exclude<OpKind, Elsewhere>;
type Rule<K extends ExportedKind> = (node: Node<K>, writing: Writing) => void;

const pads = ({ top, left, bottom, right }: Padding): OnnxAttribute => ints([top, left, bottom, right]);
const windowed = ({ stride, padding }: ConvParams | PoolParams, kernel: readonly number[]): Attributes => ({
  kernel_shape: ints(kernel),
  pads: pads(padding),
  strides: ints(stride),
});
const convolve = (
  { operands: { x, weight }, params }: NodeOf<"conv2d">,
  name: string,
  bias: readonly Value[],
  y: Value,
  writing: Writing,
): void => {
  const [, , u, v] = weight.shape;
  const attributes = { dilations: ints([1, 1]), group: int(params.groups), ...windowed(params, [u, v]) };
  writing.add("Conv", name, [x, weight, ...bias], y, attributes);
};
const averagePadding = ({ countPadding }: AveragePoolParams): Attributes => ({
  count_include_pad: int(countPadding ? 1 : 0),
});

const rules: { readonly [K in ExportedKind]: Rule<K> } = {
  conv2d: (node, writing) => {
    if (!writing.biasBehind(node)) convolve(node, node.name, [], node.results.y, writing);
  },
  addBias: (node, writing) => {
    const { name, operands, results } = node;
    const conv = writing.convolutionBefore(node);
    if (conv !== null) return convolve(conv, name, [operands.bias], results.y, writing);
    const axes = writing.constant(`${name}.axes`, longs([1, 2]));
    writing.add("Unsqueeze", `${name}.unsqueeze`, [operands.bias, axes], `${name}.bias`); // [C] to [C, 1, 1]
    writing.add("Add", name, [operands.x, `${name}.bias`], results.y);
  },
  batchNormInference: ({ name, operands: { x, scale, shift, mean, variance }, params, results }, writing) =>
    writing.add("BatchNormalization", name, [x, scale, shift, mean, variance], results.y, {
      epsilon: float(params.epsilon),
    }),
  relu: ({ name, operands, results }, writing) => writing.add("Relu", name, [operands.x], results.y),
  add: ({ name, operands: { a, b }, results }, writing) => writing.add("Add", name, [a, b], results.y),
  multiply: ({ name, operands: { a, b }, results }, writing) => writing.add("Mul", name, [a, b], results.y),
  sigmoid: ({ name, operands, results }, writing) => writing.add("Sigmoid", name, [operands.x], results.y),
  affine: ({ name, operands: { x }, params, results }, writing) => {
    const scale = writing.constant(`${name}.scale`, floats("", [], Float32Array.of(params.scale)));
    if (params.shift === 0) return writing.add("Mul", name, [x, scale], results.y);
    const shift = writing.constant(`${name}.shift`, floats("", [], Float32Array.of(params.shift)));
    writing.add("Mul", `${name}.scaled`, [x, scale], `${name}.scaled`);
    writing.add("Add", name, [`${name}.scaled`, shift], results.y);
  },
  maxPool: ({ name, operands, params, results }, writing) =>
    writing.add("MaxPool", name, [operands.x], results.y, windowed(params, params.kernel)),
  averagePool: ({ name, operands, params, results }, writing) => {
    const attributes = { ...averagePadding(params), ...windowed(params, params.kernel) };
    writing.add("AveragePool", name, [operands.x], results.y, attributes);
  },
  globalAveragePool: ({ name, operands, results }, writing) => {
    writing.add("GlobalAveragePool", name, [operands.x], `${name}.map`); // [N, C, 1, 1]
    writing.add("Flatten", `${name}.flatten`, [`${name}.map`], results.y, { axis: int(1) });
  },
  flatten: ({ name, operands, results }, writing) =>
    writing.add("Flatten", name, [operands.x], results.y, { axis: int(1) }),
  subsample: ({ name, operands, params: { stride }, results }, writing) => {
    const inputs = [
      writing.constant(`${name}.starts`, longs([0, 0])),
      writing.constant(`${name}.ends`, longs([2 ** 31 - 1, 2 ** 31 - 1])), // beyond every map: to its end
      writing.constant(`${name}.axes`, longs([2, 3])),
      writing.constant(`${name}.steps`, longs(stride)),
    ];
    writing.add("Slice", name, [operands.x, ...inputs], results.y);
  },
  padChannels: ({ name, operands, params: { before, after }, results }, writing) => {
    const amounts = writing.constant(`${name}.amounts`, longs([0, before, 0, 0, 0, after, 0, 0]));
    writing.add("Pad", name, [operands.x, amounts], results.y, { mode: string("constant") });
  },
  extendMap: ({ name, operands, params: { below, right }, results }, writing) => {
    const amounts = writing.constant(`${name}.amounts`, longs([0, 0, 0, 0, 0, 0, below, right]));
    writing.add("Pad", name, [operands.x, amounts], results.y, { mode: string("constant") });
  },
  // The bias of a layer without one: a vector of one value.
  constant: ({ name, params: { value, shape }, results }, writing) => {
    const sizes = writing.constant(`${name}.sizes`, longs(shape));
    const filling = { kind: "tensor", value: floats("", [1], Float32Array.of(value)) } as const;
    writing.add("ConstantOfShape", name, [sizes], results.y, { value: filling });
  },
  dense: ({ name, operands: { x, weight, bias }, results }, writing) =>
    writing.add("Gemm", name, [x, weight, bias], results.y, { transB: int(1) }),
};

const isExported = (node: Node): node is Node<ExportedKind> => Object.hasOwn(rules, node.kind);
const writeExported = <K extends ExportedKind>(node: Node<K>, writing: Writing): void => {
  const rule: Rule<K> = rules[node.kind];
  rule(node, writing);
};

/** Adds the ONNX nodes of a node. Throws UsageError for one that only training has. */
export const writeNode = (node: Node, writing: Writing): void => {
  if (!isExported(node)) {
    throw new UsageError(
      `${node.name} (${node.kind}) can't be written as ONNX, which is for inference; export a graph in evaluation, without fusions`,
    );
  }
  writeExported(node, writing);
};
