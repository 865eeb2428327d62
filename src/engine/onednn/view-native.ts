// Native memory seen as arrays. An ArrayBuffer has at most 4 GiB (asked for more, koffi ends the process), an arena may have more:
// it is seen through overlapping windows, made when they are needed.
import koffi from "koffi";
import { type ArrayOf, arrayView, type DType, dtypeBytes } from "../../base/dtype.ts";
import { invariant } from "../../base/errors.ts";

/** Windows begin at every multiple of this and are twice as long, so that every array of this size lies in one. */
const strideBytes = 2 ** 31;
const largestBytes = 2 ** 32;

/** Arrays over native memory, `length` elements from `byteOffset` on. They must not be used when that memory has been freed. */
export interface NativeView {
  array<D extends DType>(dtype: D, byteOffset: number, length: number): ArrayOf[D];
  bits16(byteOffset: number, length: number): Uint16Array;
}

/** Sees the `bytes` bytes at `address`. */
export const viewNative = (address: bigint, bytes: number): NativeView => {
  const windows = new Map<number, ArrayBuffer>();
  const view = (start: number, end: number): ArrayBuffer => {
    const known = windows.get(start);
    if (known !== undefined && known.byteLength >= end - start) return known;
    const made = koffi.view(address + BigInt(start), end - start);
    windows.set(start, made);
    return made;
  };
  const find = (byteOffset: number, length: number, elementBytes: number): { buffer: ArrayBuffer; offset: number } => {
    const end = byteOffset + length * elementBytes;
    invariant(
      end <= bytes && end - byteOffset <= largestBytes,
      `${length} elements at ${byteOffset} of ${bytes} bytes`,
    );
    const start = Math.floor(byteOffset / strideBytes) * strideBytes;
    const windowEnd = Math.min(bytes, start + 2 * strideBytes);
    const buffer = end <= windowEnd ? view(start, windowEnd) : view(byteOffset, end);
    return { buffer, offset: end <= windowEnd ? byteOffset - start : 0 };
  };
  return {
    array: (dtype, byteOffset, length) => {
      const { buffer, offset } = find(byteOffset, length, dtypeBytes[dtype]);
      return arrayView(dtype, buffer, offset, length);
    },
    bits16: (byteOffset, length) => {
      const { buffer, offset } = find(byteOffset, length, dtypeBytes.bf16);
      return new Uint16Array(buffer, offset, length);
    },
  };
};
