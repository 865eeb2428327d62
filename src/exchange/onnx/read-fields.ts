// Reads the fields of a protobuf message from untrusted bytes. Nothing is allocated by a length that the bytes don't have; how many
// parts a file may have is limited; every error says which part is damaged and at which byte.
import { BinaryReader, WireType } from "@bufbuild/protobuf/wire";
import { FormatError } from "../../base/errors.ts";

/** Messages in a file, one within another included: some 20 times as many as a network of 1202 layers takes. */
export const maxParts = 1_000_000;

/** The bytes of one message, with where they stand. */
export class Section {
  readonly bytes: Uint8Array;
  /** Of the first byte in the file. */
  readonly byteOffset: number;
  readonly file: string;
  /** What errors call it: "the graph". */
  readonly what: string;
  readonly #parts: { count: number };

  constructor(bytes: Uint8Array, byteOffset: number, file: string, what: string, parts = { count: 0 }) {
    this.bytes = bytes;
    this.byteOffset = byteOffset;
    this.file = file;
    this.what = what;
    this.#parts = parts;
    parts.count += 1;
    if (parts.count > maxParts) this.fail(`the file has more than ${maxParts} parts, as no residual network has`, 0);
  }

  within(bytes: Uint8Array, position: number, what: string): Section {
    return new Section(bytes, this.byteOffset + position, this.file, what, this.#parts);
  }

  fail(problem: string, position: number): never {
    throw new FormatError(this.file, problem, this.byteOffset + position);
  }
}

/** One field of a message: its value can be asked for once, as what it is expected to be. */
export class Field {
  readonly section: Section;
  readonly number: number;
  readonly #reader: BinaryReader;
  readonly #wireType: WireType;
  readonly #start: number;

  constructor(section: Section, reader: BinaryReader, number: number, wireType: WireType) {
    this.section = section;
    this.number = number;
    this.#reader = reader;
    this.#wireType = wireType;
    this.#start = reader.pos;
  }

  string(): string {
    this.#expect(WireType.LengthDelimited);
    return this.#guarded(() => this.#reader.string(true));
  }

  /** 64 bits; beyond ±2⁵³ the nearest number that JavaScript has. */
  int(): number {
    this.#expect(WireType.Varint);
    return this.#guarded(() => Number(this.#reader.int64()));
  }

  float(): number {
    this.#expect(WireType.Bit32);
    return this.#guarded(() => this.#reader.float());
  }

  /** A repeated field, of which this may be one element or, packed, several. */
  intsInto(list: number[]): void {
    if (this.#wireType !== WireType.LengthDelimited) list.push(this.int());
    else this.#packed((reader) => list.push(Number(reader.int64())));
  }

  floatsInto(list: number[]): void {
    if (this.#wireType !== WireType.LengthDelimited) list.push(this.float());
    else this.#packed((reader) => list.push(reader.float()));
  }

  /** A message or bytes. */
  part(what: string): Section {
    this.#expect(WireType.LengthDelimited);
    const bytes = this.#guarded(() => this.#reader.bytes());
    return this.section.within(bytes, this.#reader.pos - bytes.length, what);
  }

  skip(): void {
    this.#guarded(() => this.#reader.skip(this.#wireType, this.number));
  }

  fail(problem: string): never {
    return this.section.fail(problem, this.#start);
  }

  #packed(read: (reader: BinaryReader) => void): void {
    const { bytes } = this.part(this.section.what);
    const reader = new BinaryReader(bytes);
    this.#guarded(() => {
      while (reader.pos < reader.len) read(reader);
    });
  }

  #expect(wireType: WireType): void {
    if (this.#wireType === wireType) return;
    this.fail(`${this.section.what} is damaged: field ${this.number} has wire type ${this.#wireType}, not ${wireType}`);
  }

  #guarded<T>(read: () => T): T {
    return guarded(this.section, this.#start, read);
  }
}

/** The reader throws Error and RangeError for numbers that are too long and for what lies beyond the end. */
const guarded = <T>(section: Section, position: number, read: () => T): T => {
  try {
    return read();
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return section.fail(`${section.what} is damaged: ${reason}`, position);
  }
};

/** Hands each field to the reader for its number; fields without one are skipped. */
export const readFields = (section: Section, readers: Readonly<Record<number, (field: Field) => void>>): void => {
  const reader = new BinaryReader(section.bytes);
  while (reader.pos < reader.len) {
    const start = reader.pos;
    const [number, wireType] = guarded(section, start, () => reader.tag());
    const field = new Field(section, reader, number, wireType);
    const read = readers[number];
    if (read === undefined) field.skip();
    else read(field);
  }
};
