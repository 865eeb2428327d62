// Every operation of the IR in one map, and nodes typed by it. Tables over OpKind are total: tsc lists what a new one lacks.
import type { BackwardOps } from "./backward-ops.ts";
import type { EvaluationOps, ForwardOps } from "./forward-ops.ts";
import type { QuantizedOps } from "./quantized-ops.ts";
import type { UpdateOps } from "./update-ops.ts";
import type { Value } from "./value.ts";

export interface FusedOps {
  /**
   * Nodes that an engine computes as one. `rule` names the engine's fusion; `body` is the subgraph that it stands for,
   * in order: the node's operands and results are values of the body, under the same names.
   */
  fused: {
    operands: { readonly [value: string]: Value };
    params: { readonly rule: string; readonly body: readonly Node[] };
    results: { readonly [value: string]: Value };
  };
}

export interface Ops extends ForwardOps, EvaluationOps, QuantizedOps, BackwardOps, UpdateOps, FusedOps {}

export type OpKind = keyof Ops;
/** The operations that have a gradient rule. */
export type ForwardKind = keyof ForwardOps;

export type Operands<K extends OpKind> = Ops[K]["operands"];
export type Params<K extends OpKind> = Ops[K]["params"];
export type Results<K extends OpKind> = Ops[K]["results"];

/**
 * When a node runs: `prepare` before a step, but only when the state has changed since the last time: folded weights, and
 * whatever else follows from states alone; `step` forward and backward; `update` weights, momenta and running statistics;
 * `measure` norms for the log, after the update, and only when asked.
 */
export type Part = "prepare" | "step" | "update" | "measure";
export const parts: readonly Part[] = ["prepare", "step", "update", "measure"];
/** The parts that a caller runs; `prepare` runs by itself. */
export type RunPart = Exclude<Part, "prepare">;

/** What a node of one kind is made of. */
export interface NodeOf<K extends OpKind> {
  readonly kind: K;
  /** The node's path, unique in the graph: `layer1.0.conv1`. */
  readonly name: string;
  readonly part: Part;
  readonly operands: Readonly<Operands<K>>;
  readonly params: Readonly<Params<K>>;
  readonly results: Readonly<Results<K>>;
}

/** A node of any kind or, given a kind, of that kind only. */
export type Node<K extends OpKind = OpKind> = { [P in K]: NodeOf<P> }[K];
