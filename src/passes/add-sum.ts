// Σ coefficient · value as a node, by name.
import type { GraphBuilder } from "../graph/builder.ts";
import type { Value } from "../graph/value.ts";

/** A summand and its coefficient, by the name of the operand. */
export type Terms = Readonly<Record<string, readonly [value: Value, coefficient: number]>>;

export const addSum = (builder: GraphBuilder, name: string, terms: Terms): Value => {
  const operands = Object.fromEntries(Object.entries(terms).map(([operand, [value]]) => [operand, value] as const));
  const coefficients = Object.fromEntries(
    Object.entries(terms).map(([operand, [, coefficient]]) => [operand, coefficient] as const),
  );
  return builder.add("weightedSum", name, operands, { coefficients }).y;
};
