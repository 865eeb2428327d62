// What the rules for shapes share: how results are named, and what is asked of operands.
import { fullTypes } from "../base/dtype.ts";
import { ShapeError } from "../base/errors.ts";
import { formatShape, type Shape, sameShape } from "../base/shape.ts";
import type { Operands, OpKind, Params, Results } from "./ops.ts";
import type { Value } from "./value.ts";

/** Names and checks the results of a node called `name`. */
export type ShapeRule<K extends OpKind> = (name: string, operands: Operands<K>, params: Params<K>) => Results<K>;

export const value = <const S extends Shape>(
  name: string,
  like: { readonly dtype: Value["dtype"] },
  shape: S,
): Value<S> => ({
  name,
  dtype: like.dtype,
  shape,
});

/** A sum over activations, of the type in which parameters are kept: weight gradients are f32 where activations are bf16. */
export const full = ({ dtype }: Value): Pick<Value, "dtype"> => ({ dtype: fullTypes[dtype] });
export const expectShape = (name: string, operand: string, actual: Value, expected: Shape): void => {
  if (!sameShape(actual.shape, expected)) throw new ShapeError(name, operand, formatShape(expected), actual.shape);
};

/** All operands have the shape of the first. */
export const alike = (name: string, operands: Readonly<Record<string, Value>>): Value => {
  const all = Object.entries(operands);
  const first = all[0]?.[1];
  if (first === undefined) throw new ShapeError(name, "operands", "at least one", []);
  for (const [operand, actual] of all) expectShape(name, operand, actual, first.shape);
  return first;
};
