// Keras' layouts and ours: filters [height, width, in, out] <-> [out, in, height, width], dense weights [in, out] <-> [out, in].
import { type HostTensor, tensor } from "../../base/tensor.ts";

type Weight = HostTensor<"f32">;

/** Axis i of the result is axis `axes[i]` of the tensor. */
const permuted = (from: Weight, axes: readonly number[]): Weight => {
  const strides = from.shape.map((_, axis) => from.shape.slice(axis + 1).reduce((product, size) => product * size, 1));
  const shape = axes.map((axis) => from.shape[axis] ?? 1);
  const steps = axes.map((axis) => strides[axis] ?? 0);
  const data = new Float32Array(from.data.length);
  let next = 0;
  const copy = (axis: number, offset: number): void => {
    const [size, step] = [shape[axis]!, steps[axis]!];
    if (axis === shape.length - 1) for (let i = 0; i < size; i++) data[next++] = from.data[offset + i * step]!;
    else for (let i = 0; i < size; i++) copy(axis + 1, offset + i * step);
  };
  if (data.length > 0) copy(0, 0);
  return tensor("f32", shape, data);
};

/** [U, V, C, O] to [O, C, U, V]. */
export const filtersFromKeras = (kernel: Weight): Weight => permuted(kernel, [3, 2, 0, 1]);
/** [O, C, U, V] to [U, V, C, O]. */
export const filtersToKeras = (filters: Weight): Weight => permuted(filters, [2, 3, 1, 0]);
/** [I, O] to [O, I], and back. */
export const transposed = (matrix: Weight): Weight => permuted(matrix, [1, 0]);
