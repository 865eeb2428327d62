// Values: what flows between nodes. A value has a name that is unique in its graph, a shape and an element type; no data.
import type { DType, ValueDType } from "../base/dtype.ts";
import { formatShape, type Shape } from "../base/shape.ts";

export interface Value<S extends Shape = Shape> {
  readonly name: string;
  readonly shape: S;
  readonly dtype: ValueDType;
}

/** What enters and leaves a program: of a type that JavaScript has arrays for. */
export interface HostValue<S extends Shape = Shape> extends Value<S> {
  readonly dtype: DType;
}
export const isHostValue = (value: Value): value is HostValue => value.dtype !== "bf16" && value.dtype !== "u8";

/** As printed graphs show it: `layer1.0.conv1 f32[8, 16, 32, 32]`. */
export const formatValue = (value: Value): string => `${value.name} ${value.dtype}${formatShape(value.shape)}`;
