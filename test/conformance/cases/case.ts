// What a conformance case is: a small graph and the values in it that engines have to agree on.
import type { FloatDType } from "../../../src/base/dtype.ts";
import type { FilterShape, ImageShape, VectorShape } from "../../../src/base/shape.ts";
import type { GraphBuilder } from "../../../src/graph/builder.ts";
import type { OpKind } from "../../../src/graph/ops.ts";
import type { Value } from "../../../src/graph/value.ts";

/** Adds inputs, states and nodes; returns the values to compare. Inputs get random values, see random-tensors.ts. */
export type Case = (builder: GraphBuilder, dtype: FloatDType) => readonly Value[];
/** By title. At least one node of each graph is of the kind that the table has the cases under. */
export type Cases = Readonly<Record<string, Case>>;
export type CaseTable<K extends OpKind> = { readonly [P in K]: Cases };

export const image = (builder: GraphBuilder, dtype: FloatDType, name: string, shape: ImageShape): Value<ImageShape> =>
  builder.input(name, dtype, shape);
export const filter = (
  builder: GraphBuilder,
  dtype: FloatDType,
  name: string,
  shape: FilterShape,
): Value<FilterShape> => builder.input(name, dtype, shape);
export const vector = (builder: GraphBuilder, dtype: FloatDType, name: string, length: number): Value<VectorShape> =>
  builder.input(name, dtype, [length]);

/** Images whose channels blocks of 16 divide, and others; odd sizes; single pixels. */
export const imageShapes: Readonly<Record<string, ImageShape>> = {
  "16 channels": [2, 16, 8, 8],
  "64 channels, 7×7": [1, 64, 7, 7],
  "20 channels, odd size": [3, 20, 5, 7],
  "1 pixel": [4, 16, 1, 1],
  "1 channel": [2, 1, 6, 5],
};

/** One case for each entry of a table. */
export const forEachOf = <T>(table: Readonly<Record<string, T>>, make: (entry: T) => Case): Cases =>
  Object.fromEntries(Object.entries(table).map(([title, entry]) => [title, make(entry)]));
