// Elements that lie with strides, in any order, copied to where tensors have them: dense and row-major.
import { elementCount, type Shape } from "../base/shape.ts";

/** Copies the elements in row-major order: out[…, i, j] = from[… + i·strides[-2] + j·strides[-1]], of `unit` numbers each. */
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

/**
 * Dense bytes of elements that lie at Σ index·stride of `bytes`; strides are in elements, and the caller has checked that none reaches
 * beyond. Works on whole numbers, so that the payload of a NaN survives.
 */
export const denseCopy = (
  bytes: Uint8Array,
  elementBytes: 1 | 2 | 4 | 8,
  shape: Shape,
  strides: readonly number[],
): Uint8Array => {
  const count = elementCount(shape);
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
