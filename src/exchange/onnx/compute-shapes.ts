// Whole numbers that a graph computes from other whole numbers: exporters write amounts of padding and shapes so, of constants or of
// the shape of an activation, which isn't known here. Only small tensors; no more of each operation than exporters use.
import { elementCount } from "../../base/shape.ts";
import { maxWholeNumbers, type WholeNumbers } from "./tensor-elements.ts";

/** null: it depends on the size of the images, or on how many there are. */
export type Computed = WholeNumbers | null;
/** An attribute of the node: its whole numbers, or null where it has none of that name. */
type Attribute = (name: string) => readonly number[] | null;
/** undefined: this can't be computed here. */
type Operation = (inputs: readonly (Computed | undefined)[], attribute: Attribute) => Computed | undefined;

const list = (values: readonly number[]): WholeNumbers => ({ dims: [values.length], values });
const passOn: Operation = ([x]) => x;

/** Every step-th of a line of `size`, as numpy counts; ends may lie far beyond. */
const sliced = (size: number, start: number, end: number, step: number): readonly number[] => {
  const place = (at: number): number => (at < 0 ? at + size : at);
  const indices: number[] = [];
  if (step > 0) {
    const last = Math.min(place(end), size);
    for (let i = Math.max(place(start), 0); i < last; i += step) indices.push(i);
  } else if (step < 0) {
    const last = Math.max(place(end), -1);
    for (let i = Math.min(place(start), size - 1); i > last; i += step) indices.push(i);
  }
  return indices;
};

/** −1 stands for what is left, 0 for the size that was there. */
const reshaped = ({ dims, values }: WholeNumbers, wanted: readonly number[]): WholeNumbers | undefined => {
  const known = wanted.map((size, axis) => (size === 0 ? (dims[axis] ?? 0) : size));
  const rest = values.length / elementCount(known.filter((size) => size !== -1));
  const sizes = known.map((size) => (size === -1 ? rest : size));
  return elementCount(sizes) === values.length && sizes.every(Number.isInteger) ? { dims: sizes, values } : undefined;
};

/** Where each can't be computed it gives undefined, and the reader of the graph refuses the node. */
export const shapeOperations: Readonly<Record<string, Operation>> = {
  Identity: passOn,
  Cast: passOn,
  Squeeze: passOn2((values) => (values.length === 1 ? { dims: [], values } : list(values))),
  Unsqueeze: passOn2(list),
  Shape: ([x]) => (x ? list(x.dims) : null),
  Gather: ([x, indices]) => {
    if (!x || !indices) return x === undefined || indices === undefined ? undefined : null;
    const values = indices.values.map((i) => x.values[i < 0 ? i + x.values.length : i]);
    const found = values.flatMap((value) => value ?? []);
    return x.dims.length === 1 && found.length === values.length ? { dims: indices.dims, values: found } : undefined;
  },
  Concat: (inputs) => {
    if (inputs.some((input) => input === null)) return null;
    const values = inputs.flatMap((input) => (input ? [...input.values] : [Number.NaN]));
    return values.length <= maxWholeNumbers && !values.some(Number.isNaN) ? list(values) : undefined;
  },
  ConstantOfShape: ([shape], attribute) => {
    if (!shape) return shape;
    const count = elementCount(shape.values);
    if (!(count >= 0 && count <= maxWholeNumbers)) return undefined;
    return { dims: shape.values, values: Array.from({ length: count }, () => attribute("value")?.[0] ?? 0) };
  },
  Reshape: ([x, shape]) => (x && shape ? reshaped(x, shape.values) : x === null ? null : undefined),
  Transpose: ([x], attribute) => {
    if (!x) return x;
    const [rows = 0, columns = 0] = x.dims;
    const perm = attribute("perm") ?? [1, 0];
    if (x.dims.length !== 2 || perm[0] !== 1) return undefined;
    const values = Array.from(
      { length: x.values.length },
      (_, i) => x.values[(i % rows) * columns + Math.floor(i / rows)],
    );
    return { dims: [columns, rows], values: values.flatMap((value) => value ?? []) };
  },
  Slice: ([x, starts, ends, axes, steps]) => {
    if (!x) return x;
    const [start, end] = [starts?.values[0], ends?.values[0]];
    const [axis, step] = [axes?.values[0] ?? 0, steps?.values[0] ?? 1];
    if (start === undefined || end === undefined || starts?.values.length !== 1) return undefined;
    if (axis !== 0 || x.dims.length < 1) return undefined;
    const [size = 0, ...rest] = x.dims;
    const row = elementCount(rest);
    const indices = sliced(size, start, end, step);
    return { dims: [indices.length, ...rest], values: indices.flatMap((i) => x.values.slice(i * row, (i + 1) * row)) };
  },
  Mul: ([a, b]) => elementwise(a, b, (x, y) => x * y),
  Sub: ([a, b]) => elementwise(a, b, (x, y) => x - y),
};

function passOn2(change: (values: readonly number[]) => WholeNumbers): Operation {
  return ([x]) => x && change(x.values);
}

function elementwise(
  a: Computed | undefined,
  b: Computed | undefined,
  combine: (x: number, y: number) => number,
): Computed | undefined {
  if (!a || !b) return a === undefined || b === undefined ? undefined : null;
  const [dims, long, short] = a.values.length >= b.values.length ? [a.dims, a, b] : [b.dims, b, a];
  if (short.values.length !== long.values.length && short.values.length !== 1) return undefined;
  const at = ({ values }: WholeNumbers, i: number): number => values[values.length === 1 ? 0 : i] ?? Number.NaN;
  return { dims, values: long.values.map((_, i) => combine(at(a, i), at(b, i))) };
}
