// Walks a struct of Thrift's compact protocol (thrift/doc/specs/thrift-compact-protocol.md), in which Parquet writes footers and page headers,
// before hyparquet reads it. There a number may go on for as long as its bytes say so (each costs all that came before), a list takes memory
// for as many elements as it claims, and lists of lists claim it again at each depth.

/** Types of fields and elements, as their four bits say. */
const kind = { stop: 0, true: 1, false: 2, byte: 3, i16: 4, i32: 5, i64: 6, double: 7, binary: 8, list: 9, struct: 12 };

/** 64 bits, 7 in each byte. */
const mostVarintBytes = 10;
/** Parquet's own footers are 7 deep (file, row group, column, metadata, statistics). */
const mostDepth = 32;
const doubleBytes = 8;

class Walk {
  readonly #bytes: Uint8Array;
  #at: number;

  constructor(bytes: Uint8Array, at: number) {
    this.#bytes = bytes;
    this.#at = at;
  }

  #byte(): number {
    const value = this.#bytes[this.#at++];
    if (value === undefined) throw new RangeError("a struct goes on behind the end");
    return value;
  }

  #skip(count: number): void {
    if (count > this.#bytes.length - this.#at) {
      throw new RangeError(`${count} bytes are claimed where ${this.#bytes.length - this.#at} are left`);
    }
    this.#at += count;
  }

  /** Without sign; exact to 2⁵³, which is more than any length that fits. */
  #varint(): number {
    let [value, factor] = [0, 1];
    for (let i = 0; i < mostVarintBytes; i++, factor *= 128) {
      const byte = this.#byte();
      value += (byte & 127) * factor;
      if (byte < 128) return value;
    }
    throw new RangeError(`a number has more than ${mostVarintBytes} bytes`);
  }

  #list(depth: number): void {
    const head = this.#byte();
    const count = head >> 4 === 15 ? this.#varint() : head >> 4;
    // Each element takes a byte at least.
    if (count > this.#bytes.length - this.#at) {
      throw new RangeError(`a list claims ${count} elements in ${this.#bytes.length - this.#at} bytes`);
    }
    const type = head & 15;
    for (let i = 0; i < count; i++) this.#element(type === kind.true || type === kind.false ? kind.byte : type, depth);
  }

  #element(type: number, depth: number): void {
    if (depth > mostDepth) throw new RangeError(`it is more than ${mostDepth} deep`);
    if (type === kind.true || type === kind.false) return; // a field's type is its value
    if (type === kind.byte) this.#skip(1);
    else if (type === kind.i16 || type === kind.i32 || type === kind.i64) this.#varint();
    else if (type === kind.double) this.#skip(doubleBytes);
    else if (type === kind.binary) this.#skip(this.#varint());
    else if (type === kind.list) this.#list(depth + 1);
    else if (type === kind.struct) this.struct(depth + 1);
    else throw new RangeError(`a field is of the type ${type}, which Parquet doesn't have`);
  }

  struct(depth: number): void {
    for (let head = this.#byte(); (head & 15) !== kind.stop; head = this.#byte()) {
      if (head >> 4 === 0) this.#varint(); // the field's number, where it isn't a small step from the last one's
      this.#element(head & 15, depth);
    }
  }
}

/** Throws RangeError unless a struct begins at `at` that ends within `bytes`, and claims no more than they hold. Linear in the bytes. */
export const checkThriftStruct = (bytes: Uint8Array, at = 0): void => new Walk(bytes, at).struct(0);
