// A network in f32 becomes one whose convolutions work on bytes. Between convolutions activations stay bytes, residual additions
// included; whatever else a network has is computed in f32, with quantize and dequantize where they meet. So every network can be
// quantised; those whose additions no batch norm follows gain most.
import { type ByteDType, byteLevels } from "../../base/dtype.ts";
import { invariant } from "../../base/errors.ts";
import type { Shape } from "../../base/shape.ts";
import { GraphBuilder } from "../../graph/builder.ts";
import type { Graph } from "../../graph/graph.ts";
import { roleOf } from "../../graph/operand-types.ts";
import type { Node, NodeOf, OpKind } from "../../graph/ops.ts";
import type { Value } from "../../graph/value.ts";
import { biasNameOf } from "../fold-tensors.ts";
import { replaceOperands } from "../replace-operands.ts";
import { chooseTypes } from "./choose-types.ts";
import { type ConvolutionChain, findChains } from "./find-chains.ts";

/** What has to be known of a network to quantise it. */
export interface QuantizationSource {
  /** The largest absolute value of the value `name` that its bytes can tell: beyond it they are cut off. Above 0. */
  rangeOf(name: string, dtype: ByteDType): number;
  /** What a level of each filter of the state `weight` is worth. */
  filterScales(weight: string, filters: number): readonly number[];
}

export interface QuantizedGraph {
  readonly graph: Graph;
  /** By the name of its weight, what one level of a convolution's images is worth. */
  readonly inputScales: ReadonlyMap<string, number>;
}

/** Bytes, and what one level of them is worth. */
interface Bytes<S extends Shape = Shape> {
  readonly value: Value<S>;
  readonly scale: number;
}

class Quantizing {
  readonly #builder = new GraphBuilder();
  readonly #source: QuantizationSource;
  readonly #types;
  readonly #chains: ReadonlyMap<Node, ConvolutionChain>;
  /** Links of chains but for the last. */
  readonly #inner: ReadonlySet<Node>;
  readonly #full = new Map<string, Value>();
  readonly #bytes = new Map<string, Bytes>();
  readonly inputScales = new Map<string, number>();

  constructor(graph: Graph, source: QuantizationSource) {
    this.#source = source;
    const chains = findChains(graph);
    this.#types = chooseTypes(graph, chains);
    this.#chains = new Map(chains.map((chain) => [chain.links.at(-1) ?? chain.conv, chain]));
    this.#inner = new Set(chains.flatMap(({ links }) => links.slice(0, -1)));
    this.#defineStates(graph, chains);
    for (const { name, dtype, shape } of graph.inputs) this.#full.set(name, this.#builder.input(name, dtype, shape));
    for (const node of graph.nodes) this.#add(node);
    for (const value of graph.outputs) this.#builder.output(this.#fullOf(value));
  }

  build(): Graph {
    return this.#builder.build();
  }

  /** Weights of convolutions are i8, and each convolution has a bias; other states are as they were. */
  #defineStates(graph: Graph, chains: readonly ConvolutionChain[]): void {
    const weights = new Map(chains.map(({ conv }) => [conv.operands.weight.name, conv]));
    const biases = new Set(chains.flatMap(({ bias }) => (bias ? [bias.operands.bias.name] : [])));
    for (const { name, dtype, shape } of graph.states) {
      if (biases.has(name)) continue;
      const conv = weights.get(name);
      this.#full.set(name, this.#builder.state(name, conv ? "i8" : dtype, shape));
      const bias = biasNameOf(name);
      if (conv) this.#full.set(bias, this.#builder.state(bias, "f32", [conv.operands.weight.shape[0]]));
    }
  }

  #add(node: Node): void {
    if (this.#inner.has(node)) return;
    const chain = this.#chains.get(node);
    this.#builder.part(node.part);
    if (chain !== undefined) this.#convolve(chain);
    else if (node.kind === "maxPool" && this.#types.wantsBytes(node.results.y)) this.#pool(node);
    else this.#copy(node);
  }

  #convolve({ conv, shortcut, relu, links, y }: ConvolutionChain): void {
    const { weight } = conv.operands;
    const [filters] = weight.shape;
    const x = this.#bytesOf(conv.operands.x);
    const bias = this.#known(biasNameOf(weight.name), [filters] as const);
    const result = this.#types.wantsBytes(y) ? this.#types.byteType(y) : "f32";
    const scale = result === "f32" ? 1 : this.#scaleOf(y, result);
    const added = shortcut && this.#shortcut(shortcut, conv.results.y.shape, result);
    const factors = this.#source.filterScales(weight.name, filters).map((each) => (x.scale * each) / scale);
    const name = links.at(-1)?.name ?? conv.name;
    const { y: made } = this.#builder.add(
      "quantizedConv2d",
      name,
      { x: x.value, weight: { ...weight, dtype: "i8" }, bias, ...(added && { shortcut: added.value }) },
      { ...conv.params, factors, relu, shortcutFactor: added ? added.scale / scale : 1, result },
    );
    if (result === "f32") this.#full.set(y.name, made);
    else this.#bytes.set(y.name, { value: made, scale });
    this.inputScales.set(weight.name, x.scale);
  }

  #shortcut<S extends Shape>(shortcut: Value, shape: S, result: "f32" | ByteDType): Bytes<S> {
    const { value, scale } = result === "f32" ? { value: this.#fullOf(shortcut), scale: 1 } : this.#bytesOf(shortcut);
    return { value: { ...value, shape }, scale };
  }

  #pool(node: NodeOf<"maxPool">): void {
    const { value, scale } = this.#bytesOf(node.operands.x);
    const { y, argmax } = this.#builder.add("maxPool", node.name, { x: value }, node.params);
    this.#bytes.set(y.name, { value: y, scale });
    this.#full.set(argmax.name, argmax);
  }

  /** In f32, as it was. */
  #copy<K extends OpKind>(node: NodeOf<K>): void {
    const operands = replaceOperands(node, (operand, value) =>
      roleOf(node.kind, operand) === "index" ? value : this.#fullOf(value),
    );
    const results: Readonly<Record<string, Value>> = this.#builder.add(node.kind, node.name, operands, node.params);
    for (const value of Object.values(results)) this.#full.set(value.name, value);
  }

  #scaleOf({ name }: Value, dtype: ByteDType): number {
    const range = this.#source.rangeOf(name, dtype);
    invariant(range > 0 && Number.isFinite(range), `the range of ${name} is a number above 0, not ${range}`);
    return range / byteLevels[dtype][1];
  }

  #bytesOf<S extends Shape>(value: Value<S>): Bytes<S> {
    const known = this.#bytes.get(value.name);
    if (known !== undefined) return { ...known, value: { ...known.value, shape: value.shape } };
    const dtype = this.#types.byteType(value);
    const scale = this.#scaleOf(value, dtype);
    const { y } = this.#builder.add("quantize", `${value.name}.levels`, { x: this.#fullOf(value) }, { dtype, scale });
    this.#bytes.set(value.name, { value: y, scale });
    return { value: { ...y, shape: value.shape }, scale };
  }

  #fullOf<V extends Value>(value: V): V {
    const found = this.#full.get(value.name);
    if (found !== undefined) return { ...value, dtype: found.dtype, name: found.name };
    const bytes = this.#bytes.get(value.name);
    invariant(bytes, `${value.name} is defined before it is read`);
    const { value: x, scale } = bytes;
    const { y } = this.#builder.add("dequantize", `${value.name}.f32`, { x }, { scale });
    this.#full.set(value.name, y);
    return { ...value, dtype: y.dtype, name: y.name };
  }

  #known<S extends Shape>(name: string, shape: S): Value<S> {
    const found = this.#full.get(name);
    invariant(found, `${name} is a state`);
    return { ...found, shape };
  }
}

/**
 * The graph with its convolutions over bytes. It is one in evaluation, in f32, its batch norms folded (foldGraph). States that are filters
 * become i8 and each convolution has a bias, named after its weight: quantizeTensors makes what they hold. Values keep their names; what
 * is also wanted in the other type is called `<name>.levels`, or `<name>.f32`.
 */
export const quantizeGraph = (graph: Graph, source: QuantizationSource): QuantizedGraph => {
  invariant(graph.updates.length === 0, "a network that learns is not quantised");
  const quantizing = new Quantizing(graph, source);
  return { graph: quantizing.build(), inputScales: quantizing.inputScales };
};

/** The values whose ranges have to be known, and the bytes that they are to become. */
export const calibrationPoints = (graph: Graph): ReadonlyMap<string, ByteDType> => {
  const points = new Map<string, ByteDType>();
  quantizeGraph(graph, {
    rangeOf: (name, dtype) => {
      points.set(name, dtype);
      return 1;
    },
    filterScales: (_, filters) => new Array<number>(filters).fill(1),
  });
  return points;
};
