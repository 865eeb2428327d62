// How values are stored: each in the array of its own type, which rounds what is put into it. For bf16 there is no such array, and those
// of bytes round otherwise than their nodes do: such numbers are kept as f64, and rounded as soon as their node is computed.
import { roundToBf16 } from "../../base/bf16.ts";
import { type ArrayOf, allocate, type DType, type ValueDType } from "../../base/dtype.ts";
import { roundToLevel } from "../../base/levels.ts";
import { elementCount } from "../../base/shape.ts";
import type { Value } from "../../graph/value.ts";
import type { ElementsOf } from "./kernel.ts";

/** The type of the array in which the elements of a value lie. */
export const storageTypes = {
  f32: "f32",
  f64: "f64",
  i32: "i32",
  i8: "f64",
  u8: "f64",
  bf16: "f64",
} as const satisfies {
  readonly [D in ValueDType]: DType;
};

/** A new array for a value. */
export const allocateElements = ({ dtype, shape }: Value): ArrayOf[DType] =>
  allocate(storageTypes[dtype], elementCount(shape));

/** How numbers of a type that has no array are rounded to it. */
export const roundings: { readonly [D in ValueDType]?: (number: number) => number } = {
  bf16: roundToBf16,
  i8: (number) => roundToLevel(number, "i8"),
  u8: (number) => roundToLevel(number, "u8"),
};

/** Rounds those of a node's results that are kept as f64 but of another type, once they are computed. */
export const roundResults = (results: Readonly<Record<string, Value>>, elementsOf: ElementsOf): void => {
  for (const value of Object.values(results)) {
    const round = roundings[value.dtype];
    if (round === undefined) continue;
    const elements = elementsOf(value);
    for (let i = 0; i < elements.length; i++) elements[i] = round(elements[i]!);
  }
};
