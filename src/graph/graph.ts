// A graph: plain immutable data, nodes in an order in which they can run. It can be printed, verified and sent to a worker.
import type { Node } from "./ops.ts";
import type { HostValue, Value } from "./value.ts";

/** After the part `update` the state holds the value. */
export interface StateUpdate {
  readonly state: HostValue;
  readonly value: HostValue;
}

export interface Graph {
  /** Given at every run: images, labels, learning rate, seeds. */
  readonly inputs: readonly HostValue[];
  /** Kept between runs in a State: parameters, momenta, running statistics. */
  readonly states: readonly HostValue[];
  /** Topologically sorted within and across the parts prepare, step, update, measure. */
  readonly nodes: readonly Node[];
  /** Read by the caller after a run. */
  readonly outputs: readonly HostValue[];
  readonly updates: readonly StateUpdate[];
}

/** The operands, whatever the kind. */
export const operandsOf = (node: Node): readonly (readonly [operand: string, value: Value])[] =>
  Object.entries(node.operands);

/** The results, whatever the kind. */
export const resultsOf = (node: Node): readonly (readonly [result: string, value: Value])[] =>
  Object.entries(node.results);
