// Builds a graph node by node; shapes are checked as each node is added. The only mutable stage of a graph's life.
import type { DType } from "../base/dtype.ts";
import { invariant } from "../base/errors.ts";
import type { Shape } from "../base/shape.ts";
import { type Graph, resultsOf, type StateUpdate } from "./graph.ts";
import type { Node, NodeOf, Operands, OpKind, Params, Part, Results } from "./ops.ts";
import { shapeOf } from "./shape-rules.ts";
import { formatValue, type HostValue, isHostValue, type Value } from "./value.ts";

export class GraphBuilder {
  readonly #inputs: HostValue[] = [];
  readonly #states: HostValue[] = [];
  readonly #nodes: Node[] = [];
  readonly #outputs = new Map<string, HostValue>();
  readonly #updates: StateUpdate[] = [];
  readonly #updated = new Set<string>();
  readonly #names = new Set<string>();
  #part: Part = "step";

  /** Continues from a graph that exists already; passes begin so. */
  static from(graph: Graph): GraphBuilder {
    const builder = new GraphBuilder();
    for (const value of graph.inputs) builder.#inputs.push(value);
    for (const value of graph.states) builder.#states.push(value);
    for (const node of graph.nodes) builder.#nodes.push(node);
    for (const value of graph.outputs) builder.output(value);
    for (const { state, value } of graph.updates) builder.update(state, value);
    for (const value of [...graph.inputs, ...graph.states]) builder.#claim(value.name);
    for (const node of graph.nodes) {
      for (const name of new Set([node.name, ...resultsOf(node).map(([, value]) => value.name)])) builder.#claim(name);
    }
    return builder;
  }

  /** A value that the caller gives at every run. */
  input<const S extends Shape>(name: string, dtype: DType, shape: S): HostValue<S> {
    const value: HostValue<S> = { name: this.#claim(name), dtype, shape };
    this.#inputs.push(value);
    return value;
  }

  /** A value that is kept between runs. */
  state<const S extends Shape>(name: string, dtype: DType, shape: S): HostValue<S> {
    const value: HostValue<S> = { name: this.#claim(name), dtype, shape };
    this.#states.push(value);
    return value;
  }

  /** Adds a node and returns its results. Throws ShapeError when the operands don't fit. */
  add<K extends "relu" | "sigmoid" | "affine", const S extends Shape>(
    kind: K,
    name: string,
    operands: { readonly x: Value<S> },
    params: Params<K>,
  ): { readonly y: Value<S> };
  add<K extends "add" | "multiply", const S extends Shape>(
    kind: K,
    name: string,
    operands: { readonly a: Value<S>; readonly b: Value<S> },
    params: Params<K>,
  ): { readonly y: Value<S> };
  add<K extends "reluBackward" | "sigmoidBackward", const S extends Shape>(
    kind: K,
    name: string,
    operands: { readonly y: Value<S>; readonly dy: Value<S> },
    params: Params<K>,
  ): { readonly dx: Value<S> };
  add<K extends OpKind>(kind: K, name: string, operands: Operands<K>, params: Params<K>): Results<K>;
  add<K extends OpKind>(kind: K, name: string, operands: Operands<K>, params: Params<K>): Results<K> {
    const results = shapeOf(kind, name, operands, params);
    const node: NodeOf<K> = { kind, name, part: this.#part, operands, params, results };
    this.append(node);
    return results;
  }

  /** Appends a node that is complete already. */
  append<K extends OpKind>(node: Node<K>): void;
  append(node: Node): void {
    for (const name of new Set([node.name, ...resultsOf(node).map(([, value]) => value.name)])) this.#claim(name);
    this.#nodes.push(node);
  }

  /** Makes a value readable after each run. */
  output(value: Value): void {
    invariant(isHostValue(value), `the output ${formatValue(value)} can't leave the graph: cast it to f32`);
    this.#outputs.set(value.name, value);
  }

  /** After the part `update` the state holds the value. */
  update(state: HostValue, value: Value): void {
    invariant(isHostValue(value), `${state.name} can't be kept as ${formatValue(value)}: cast it to f32`);
    invariant(!this.#updated.has(state.name), `${state.name} is updated twice`);
    this.#updated.add(state.name);
    this.#updates.push({ state, value });
  }

  /** Nodes that are added from here on belong to this part. */
  part(part: Part): void {
    this.#part = part;
  }

  build(): Graph {
    return {
      inputs: [...this.#inputs],
      states: [...this.#states],
      nodes: [...this.#nodes],
      outputs: [...this.#outputs.values()],
      updates: [...this.#updates],
    };
  }

  #claim(name: string): string {
    invariant(!this.#names.has(name), `two values or nodes are called ${name}`);
    this.#names.add(name);
    return name;
  }
}
