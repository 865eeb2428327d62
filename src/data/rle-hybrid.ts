// Parquet's hybrid of run lengths and bit packing (Encodings.md of apache/parquet-format, "RLE = 3"): definition levels, and indices into a
// dictionary. It decodes as many values as are asked for, however many a run claims to have.

/** The values of `bytes`, `count` of them, each of `width` bits (0 … 32). Throws RangeError where the bytes end before. */
export const decodeRleHybrid = (bytes: Uint8Array, width: number, count: number): Int32Array => {
  if (!(width >= 0 && width <= 32)) throw new RangeError(`values of ${width} bits`);
  const values = new Int32Array(count);
  if (width === 0) return values;
  const valueBytes = Math.ceil(width / 8);
  let at = 0;
  const next = (): number => {
    const byte = bytes[at++];
    if (byte === undefined) throw new RangeError(`it ends within a run of values`);
    return byte;
  };
  for (let seen = 0; seen < count; ) {
    let header = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = next();
      if (shift > 28) throw new RangeError("the length of a run can't be read");
      header += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) break;
    }
    if (header % 2 === 0) {
      let value = 0;
      for (let i = 0; i < valueBytes; i++) value |= next() << (8 * i);
      const run = Math.min(header / 2, count - seen);
      if (run === 0) throw new RangeError("a run holds no values");
      values.fill(value, seen, seen + run);
      seen += run;
      continue;
    }
    const packed = Math.min(((header - 1) / 2) * 8, count - seen);
    if (packed === 0) throw new RangeError("a run holds no values");
    // Value i lies in bits i·width … of the run, the lowest bit of each byte first.
    const start = at;
    for (let i = 0; i < packed; i++) {
      let value = 0;
      for (let bit = 0; bit < width; bit++) {
        const place = i * width + bit;
        const byte = bytes[start + (place >>> 3)];
        if (byte === undefined) throw new RangeError(`it ends within a run of values`);
        value |= ((byte >>> (place & 7)) & 1) << bit;
      }
      values[seen + i] = value;
    }
    at = start + ((header - 1) / 2) * width;
    seen += packed;
  }
  return values;
};
