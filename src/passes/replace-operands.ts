// A node's operands, each replaced by another value: what passes do that change types.
import { invariant } from "../base/errors.ts";
import type { NodeOf, Operands, OpKind } from "../graph/ops.ts";
import type { Value } from "../graph/value.ts";

const isValue = (operand: unknown): operand is Value =>
  typeof operand === "object" && operand !== null && "dtype" in operand && "shape" in operand;

/** The operands of a node, each replaced. */
export const replaceOperands = <K extends OpKind>(
  { operands: old }: NodeOf<K>,
  replace: <V extends Value>(operand: string, value: V) => V,
): Operands<K> => {
  const operands: Operands<K> = { ...old };
  for (const operand in operands) {
    const value = operands[operand];
    invariant(isValue(value), `${operand} is a value`);
    operands[operand] = replace(operand, value);
  }
  return operands;
};
