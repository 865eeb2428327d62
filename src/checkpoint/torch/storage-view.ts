// A tensor of a PyTorch file is a view of a storage: offset, shape and strides, in elements. Here it becomes dense and row-major.
import { elementCount, formatShape } from "../../base/shape.ts";
import type { HostTensor } from "../../base/tensor.ts";
import { denseCopy } from "../dense-copy.ts";
import { readElements, storedTypes } from "../stored-elements.ts";
import type { TensorReference } from "./pickle-values.ts";
import type { Refuse } from "./torch-globals.ts";

/** Elements from the first to the last that a view reaches; 0 where it has none. */
const extent = ({ shape, strides }: TensorReference): number =>
  shape.includes(0) ? 0 : shape.reduce((last, size, axis) => last + (size - 1) * strides[axis]!, 1);

const isDense = ({ shape, strides }: TensorReference): boolean => {
  let expected = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    if (shape[axis] !== 1 && strides[axis] !== expected) return false;
    expected *= shape[axis]!;
  }
  return true;
};

/** The number of elements; a product beyond 2⁵³ is refused. */
export const viewElements = ({ shape }: TensorReference, refuse: Refuse): number => {
  const count = shape.includes(0) ? 0 : elementCount(shape);
  return Number.isSafeInteger(count) ? count : refuse(`has the shape ${formatShape(shape)}`);
};

/**
 * The tensor that a view of a storage shows; `storage` are all of the storage's bytes. A view of them where it is dense and where
 * type and address allow it, else a copy. `refuse` is told what is wrong with the tensor.
 */
export const readView = (view: TensorReference, storage: Uint8Array, refuse: Refuse): HostTensor => {
  const { type, start } = view.storage;
  const { bytes: elementBytes } = storedTypes[type];
  const first = start + view.offset;
  const end = first + extent(view);
  const elements = storage.length / elementBytes;
  if (!(end <= elements)) refuse(`reaches element ${end} of its storage, which has ${elements}`);
  const reached = storage.subarray(first * elementBytes, end * elementBytes);
  const dense = isDense(view) ? reached : denseCopy(reached, elementBytes, view.shape, view.strides);
  return readElements(type, view.shape, dense, (index, value) =>
    refuse(`holds ${value} at ${index}, more than 32 bits`),
  );
};
