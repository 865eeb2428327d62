// What a kernel of the reference engine is. Kernels are definitions, not products: plain loops over dense row-major arrays.
// They accumulate in f64, whatever the type of their values; each result is rounded once, when it is stored in its own type.
import type { TypedArray } from "../../base/dtype.ts";
import type { Node, OpKind } from "../../graph/ops.ts";
import type { Value } from "../../graph/value.ts";

/** The elements of a value. Arrays of results hold anything at first: a kernel stores every element. */
export type ElementsOf = (value: Value) => TypedArray;

/** Computes the results of a node of kind K from its operands. */
export type Kernel<K extends OpKind> = (node: Node<K>, elementsOf: ElementsOf) => void;
