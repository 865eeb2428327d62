// A tensor of a PyTorch file is a view of a storage: offset, shape and strides, in elements. Here it becomes dense and row-major.
import { elementCount, formatShape, type Shape } from "../../base/shape.ts";
import type { HostTensor } from "../../base/tensor.ts";
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

/** Copies the elements in row-major order: out[…, i, j] = storage[offset + … + i·strides[-2] + j·strides[-1]], of `unit` numbers each. */
const gather = <T extends Uint8Array | Uint16Array | Uint32Array>(
  from: T,
  out: T,
  unit: number,
  shape: Shape,
  strides: readonly number[],
): T => {
  const index = new Array<number>(shape.length).fill(0);
  let source = 0;
  for (let at = 0; at < out.length; at += unit) {
    for (let k = 0; k < unit; k++) out[at + k] = from[source * unit + k]!;
    // The next index, as an odometer counts: the last axis first.
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      source += strides[axis]!;
      index[axis]! += 1;
      if (index[axis]! < shape[axis]!) break;
      source -= shape[axis]! * strides[axis]!;
      index[axis] = 0;
    }
  }
  return out;
};

const copyDense = (
  bytes: Uint8Array,
  elementBytes: 1 | 2 | 4 | 8,
  count: number,
  view: TensorReference,
): Uint8Array => {
  const { shape, strides } = view;
  if (elementBytes === 1) return gather(bytes, new Uint8Array(count), 1, shape, strides);
  const { buffer, byteOffset, length } = bytes.byteOffset % 4 === 0 ? bytes : new Uint8Array(bytes);
  if (elementBytes === 2) {
    const halves = new Uint16Array(buffer, byteOffset, length / 2);
    return new Uint8Array(gather(halves, new Uint16Array(count), 1, shape, strides).buffer);
  }
  const words = new Uint32Array(buffer, byteOffset, length / 4);
  const unit = elementBytes / 4;
  return new Uint8Array(gather(words, new Uint32Array(count * unit), unit, shape, strides).buffer);
};

/**
 * The tensor that a view of a storage shows; `storage` are all of the storage's bytes. A view of them where it is dense and where
 * type and address allow it, else a copy. `refuse` is told what is wrong with the tensor.
 */
export const readView = (view: TensorReference, storage: Uint8Array, refuse: Refuse): HostTensor => {
  const { type, start } = view.storage;
  const { bytes: elementBytes } = storedTypes[type];
  const count = viewElements(view, refuse);
  const first = start + view.offset;
  const end = first + extent(view);
  const elements = storage.length / elementBytes;
  if (!(end <= elements)) refuse(`reaches element ${end} of its storage, which has ${elements}`);
  const reached = storage.subarray(first * elementBytes, end * elementBytes);
  const dense = isDense(view) ? reached : copyDense(reached, elementBytes, count, view);
  return readElements(type, view.shape, dense, (index, value) =>
    refuse(`holds ${value} at ${index}, more than 32 bits`),
  );
};
