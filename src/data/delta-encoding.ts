// Parquet's delta encodings (Encodings.md of apache/parquet-format): whole numbers as differences (DELTA_BINARY_PACKED = 5), lengths so and
// then the bytes (DELTA_LENGTH_BYTE_ARRAY = 6), and bytes that begin as those before (DELTA_BYTE_ARRAY = 7). Written here because they must
// end on damaged bytes, and take memory for no more than was asked for.

/** What was decoded, and where in the bytes it ends. */
export interface Deltas {
  readonly values: Float64Array;
  readonly end: number;
}

const endsWithin = (): RangeError => new RangeError("it ends within its differences");

/** 64 bits, 7 in each byte. */
const mostVarintBytes = 10;

class Reader {
  readonly bytes: Uint8Array;
  at: number;

  constructor(bytes: Uint8Array, at: number) {
    this.bytes = bytes;
    this.at = at;
  }

  byte(): number {
    const byte = this.bytes[this.at++];
    if (byte === undefined) throw endsWithin();
    return byte;
  }

  varint(): bigint {
    let value = 0n;
    for (let i = 0; i < mostVarintBytes; i++) {
      const byte = this.byte();
      value |= BigInt(byte & 127) << BigInt(7 * i);
      if (byte < 128) return value;
    }
    throw new RangeError(`a number has more than ${mostVarintBytes} bytes`);
  }

  /** 0, −1, 1, −2, … as 0, 1, 2, 3, … */
  zigZag(): bigint {
    const value = this.varint();
    return (value >> 1n) ^ -(value & 1n);
  }

  /** Value i of a run of values of `width` bits each (at most 64) that begins here; the lowest bit of each byte comes first. */
  packed(i: number, width: number): bigint {
    const first = i * width;
    const from = this.at + (first >>> 3);
    const bytes = ((first & 7) + width + 7) >>> 3;
    if (from + bytes > this.bytes.length) throw endsWithin();
    let value = 0n;
    for (let k = bytes - 1; k >= 0; k--) value = (value << 8n) | BigInt(this.bytes[from + k]!);
    return BigInt.asUintN(width, value >> BigInt(first & 7));
  }
}

/**
 * `count` whole numbers of 32 or 64 bits, in which sums wrap around; those beyond ±2⁵³ are rounded. Throws RangeError where the bytes end
 * before, or say that they hold another number of them.
 */
export const decodeDeltas = (bytes: Uint8Array, count: number, bits: 32 | 64, at = 0): Deltas => {
  const reader = new Reader(bytes, at);
  const blockValues = Number(reader.varint());
  const runs = Number(reader.varint());
  const announced = reader.varint();
  const runValues = blockValues / runs;
  // The format wants multiples of 128 and of 32; runs then end at whole bytes.
  if (!(Number.isInteger(runValues) && runValues > 0 && runValues % 8 === 0 && blockValues < 2 ** 31)) {
    throw new RangeError(`its blocks are of ${blockValues} values in ${runs} runs`);
  }
  if (announced !== BigInt(count)) throw new RangeError(`it says that it holds ${announced} values, not ${count}`);
  const values = new Float64Array(count);
  let value = reader.zigZag();
  if (count > 0) values[0] = Number(BigInt.asIntN(bits, value));
  for (let seen = 1; seen < count; ) {
    const least = reader.zigZag();
    if (runs > bytes.length - reader.at) throw endsWithin();
    const widths = bytes.subarray(reader.at, reader.at + runs);
    reader.at += runs;
    for (const width of widths) {
      if (seen >= count) break; // what no value needs isn't there
      if (width > 64) throw new RangeError(`differences of ${width} bits`);
      for (let i = 0; i < runValues && seen < count; i++) {
        value = BigInt.asIntN(bits, value + least + (width === 0 ? 0n : reader.packed(i, width)));
        values[seen++] = Number(value);
      }
      reader.at += (runValues * width) / 8;
    }
  }
  return { values, end: Math.min(reader.at, bytes.length) };
};

/** `count` values: their lengths as differences, then their bytes. The values are views of `bytes`. Throws RangeError. */
export const decodeDeltaLengths = (bytes: Uint8Array, count: number, at = 0): readonly Uint8Array[] => {
  const { values: lengths, end } = decodeDeltas(bytes, count, 32, at);
  let from = end;
  return Array.from(lengths, (length) => {
    if (length < 0 || length > bytes.length - from) {
      throw new RangeError(`a value of ${length} bytes ends beyond the page`);
    }
    from += length;
    return bytes.subarray(from - length, from);
  });
};

/** `count` values, each the beginning of the one before and then bytes of its own; together at most `largestBytes`. Throws RangeError. */
export const decodeDeltaBytes = (bytes: Uint8Array, count: number, largestBytes: number): readonly Uint8Array[] => {
  const { values: shared, end } = decodeDeltas(bytes, count, 32);
  const own = decodeDeltaLengths(bytes, count, end);
  let total = 0;
  let before = new Uint8Array(0);
  return own.map((rest, i) => {
    const length = shared[i]!;
    if (length < 0 || length > before.length) {
      throw new RangeError(`a value begins with ${length} bytes of the one before, which has ${before.length}`);
    }
    total += length + rest.length;
    if (total > largestBytes) throw new RangeError(`its values have more than ${largestBytes} bytes`);
    const value = new Uint8Array(length + rest.length);
    value.set(before.subarray(0, length));
    value.set(rest, length);
    before = value;
    return value;
  });
};
