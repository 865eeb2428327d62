// Host tensors: what crosses every boundary of the product (weights, batches, results). Plain data, dense, row-major.
import { type ArrayOf, allocate, allocateShared, type DType } from "./dtype.ts";
import { elementCount, formatShape, type Shape } from "./shape.ts";

/** Elements in row-major order (the last axis varies fastest); `data.length` is the product of the sizes. */
export interface HostTensor<D extends DType = DType> {
  readonly dtype: D;
  readonly shape: Shape;
  readonly data: ArrayOf[D];
}

/** Tensors by name, in a stable order: parameters and running statistics under torchvision's names, for example. */
export type NamedTensors = ReadonlyMap<string, HostTensor>;

/** Wraps an array as a tensor without a copy. Throws RangeError when the length is not the product of the sizes. */
export const tensor = <D extends DType>(dtype: D, shape: Shape, data: ArrayOf[D]): HostTensor<D> => {
  if (data.length !== elementCount(shape)) {
    throw new RangeError(
      `tensor ${formatShape(shape)} takes ${elementCount(shape)} elements but was given ${data.length}`,
    );
  }
  return { dtype, shape, data };
};

export const zeros = <D extends DType>(dtype: D, shape: Shape): HostTensor<D> =>
  tensor(dtype, shape, allocate(dtype, elementCount(shape)));

/** Zeros in shared memory: what loaders fill and engines read without a copy. */
export const sharedZeros = <D extends DType>(dtype: D, shape: Shape): HostTensor<D> =>
  tensor(dtype, shape, allocateShared(dtype, elementCount(shape)));

/** A single number as a tensor of shape []. */
export const scalar = (dtype: DType, value: number): HostTensor => {
  const result = zeros(dtype, []);
  result.data[0] = value;
  return result;
};
