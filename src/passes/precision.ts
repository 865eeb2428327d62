// Mixed precision: computes on bf16 activations, and keeps everything else in f32. Inserts casts where types change; which operand
// is which, operand-types.ts says. Made for the forward graph, before it is differentiated: gradients then have the types of what
// they belong to. Weights get a bf16 copy, a function of the state alone, which engines may fold into their own copies of weights.
import type { Precision } from "../base/dtype.ts";
import { invariant } from "../base/errors.ts";
import { GraphBuilder } from "../graph/builder.ts";
import type { Graph } from "../graph/graph.ts";
import { type OperandRole, roleOf } from "../graph/operand-types.ts";
import type { Node, NodeOf, Operands, OpKind } from "../graph/ops.ts";
import type { Value } from "../graph/value.ts";
import { replaceOperands } from "./replace-operands.ts";

type CastType = "f32" | "bf16";
/** The type that an operand of a role is to have; null: whatever it has. */
const wantedTypes: { readonly [R in OperandRole]: CastType | null } = {
  activation: "bf16",
  full: "f32",
  index: null,
  byte: null,
  signedByte: null,
  any: null,
};

/**
 * The graph with activations in bf16: operands that are activations are cast to bf16, once for all their readers, all others to f32
 * where they are not. A bf16 value that is an output is given out in f32, as `<name>.f32`; so is one that updates a state.
 * Throws when the graph has f64 values.
 */
export const toBf16 = (graph: Graph): Graph => {
  const builder = new GraphBuilder();
  /** By the name of a value of the old graph: the same in either type, as far as it is there. */
  const versions = new Map<string, Map<CastType, Value>>();
  const define = (name: string, value: Value): void => {
    const { dtype } = value;
    invariant(dtype !== "f64", `${name} is f64: only f32 graphs are computed in bf16`);
    if (dtype === "f32" || dtype === "bf16") versions.set(name, new Map([[dtype, value]]));
  };
  const inType = <V extends Value>(old: V, wanted: CastType): V => {
    const known = versions.get(old.name);
    invariant(known, `${old.name} is a floating-point number and defined before it is read`);
    const found = known.get(wanted);
    if (found !== undefined) return { ...old, name: found.name, dtype: found.dtype };
    const only = [...known.values()][0];
    invariant(only, `${old.name} exists`);
    const { y } = builder.add("cast", `${old.name}.${wanted}`, { x: only }, { dtype: wanted });
    known.set(wanted, y);
    return { ...old, name: y.name, dtype: y.dtype };
  };
  const asItIs = <V extends Value>(old: V): V => {
    const value = [...(versions.get(old.name)?.values() ?? [])][0];
    return value === undefined ? old : { ...old, name: value.name, dtype: value.dtype };
  };
  const operandsOf = <K extends OpKind>(node: NodeOf<K>): Operands<K> =>
    replaceOperands(node, (operand, value) => {
      const wanted = wantedTypes[roleOf(node.kind, operand)];
      return wanted === null ? asItIs(value) : inType(value, wanted);
    });
  const copy = (node: Node): void => {
    builder.part(node.part);
    // Results keep their names: they follow from the node's.
    const results: Readonly<Record<string, Value>> = builder.add(node.kind, node.name, operandsOf(node), node.params);
    for (const value of Object.values(results)) define(value.name, value);
  };

  for (const { name, dtype, shape } of graph.inputs) define(name, builder.input(name, dtype, shape));
  for (const { name, dtype, shape } of graph.states) define(name, builder.state(name, dtype, shape));
  for (const node of graph.nodes) {
    invariant(node.kind !== "fused", `${node.name}: precision comes before fusion`);
    copy(node);
  }
  for (const value of graph.outputs) builder.output(versions.has(value.name) ? inType(value, "f32") : value);
  for (const { state, value } of graph.updates) builder.update(state, inType(value, "f32"));
  return builder.build();
};

/** The graph with activations in a precision. */
export const withPrecision = (graph: Graph, precision: Precision): Graph =>
  precision === "bf16" ? toBf16(graph) : graph;
