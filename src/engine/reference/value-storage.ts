// How values are stored: each in the array of its own type, which rounds what is put into it. For bf16 there is no such array: its
// numbers are kept as f64, and rounded as soon as their node is computed.
import { roundToBf16 } from "../../base/bf16.ts";
import { type ArrayOf, allocate, type DType, type TypedArray, type ValueDType } from "../../base/dtype.ts";
import { elementCount } from "../../base/shape.ts";
import type { Value } from "../../graph/value.ts";
import type { ElementsOf } from "./kernel.ts";

/** The type of the array in which the elements of a value lie. */
export const storageTypes = { f32: "f32", f64: "f64", i32: "i32", bf16: "f64" } as const satisfies {
  readonly [D in ValueDType]: DType;
};

/** A new array for a value. */
export const allocateElements = ({ dtype, shape }: Value): ArrayOf[DType] =>
  allocate(storageTypes[dtype], elementCount(shape));

/** Each element becomes the bf16 number nearest to it. */
const roundElements = (elements: TypedArray): void => {
  for (let i = 0; i < elements.length; i++) elements[i] = roundToBf16(elements[i]!);
};

/** Rounds those of a node's results that are bf16, once they are computed. */
export const roundResults = (results: Readonly<Record<string, Value>>, elementsOf: ElementsOf): void => {
  for (const value of Object.values(results)) if (value.dtype === "bf16") roundElements(elementsOf(value));
};
