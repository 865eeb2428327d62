// For tests: writes unsigned bytes as IDX.

/** Header and elements of a u8 file. */
export const encodeIdx = (shape: readonly number[], elements: ArrayLike<number>, typeCode = 0x08): Uint8Array => {
  const bytes = new Uint8Array(4 + 4 * shape.length + elements.length);
  bytes[2] = typeCode;
  bytes[3] = shape.length;
  const view = new DataView(bytes.buffer);
  for (const [axis, size] of shape.entries()) view.setUint32(4 + 4 * axis, size);
  bytes.set(elements, 4 + 4 * shape.length);
  return bytes;
};
