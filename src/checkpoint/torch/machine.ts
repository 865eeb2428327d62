// The machine that a pickle is a program for: a stack with marks, a memo, and reading of bytes, each with its bounds. What the opcodes
// do with it: opcodes.ts.
import { FormatError } from "../../base/errors.ts";
import type { PickleValue, StorageReference } from "./pickle-values.ts";

/** Far beyond any network: a ResNet-1202 with its momenta takes about 100,000 objects. */
export const pickleLimits = {
  bytes: 2 ** 26,
  objects: 1_000_000,
  depth: 1_000_000,
  stringBytes: 2 ** 20,
  nameBytes: 1000,
  protocol: 5,
} as const;

/** The machine's state. Methods that read move `at`. */
export interface Machine {
  readonly bytes: Uint8Array;
  /** The next byte to read. */
  at: number;
  /** Where the current opcode stands. */
  opcodeAt: number;
  readonly stack: PickleValue[];
  /** Heights of the stack at the open marks. */
  readonly marks: number[];
  readonly memo: Map<number, PickleValue>;
  /** What the pickle says lies outside it, by key. */
  readonly storages: Map<string, StorageReference>;
  result: PickleValue | undefined;
  /** Where in the file the current opcode stands. */
  fileOffset(): number;
  u8(): number;
  u16(): number;
  u32(): number;
  i32(): number;
  u64(): number;
  f64(): number;
  /** So many bytes, as a view. */
  take(length: number): Uint8Array;
  /** UTF-8 of so many bytes. */
  text(length: number): string;
  /** Up to the next line feed. */
  line(): string;
  mark(): void;
  push(value: PickleValue): void;
  pop(): PickleValue;
  /** What lies on the stack since the last mark, taken off. */
  popMark(): readonly PickleValue[];
  remember(index: number): void;
  refuse(problem: string): never;
}

/** A machine that stands before byte `start` of `bytes`; see `unpickle`. */
export const machineOf = (bytes: Uint8Array, start: number, file: string, fileOffset: number): Machine => {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  let objects = 0;
  const machine: Machine = {
    bytes,
    at: start,
    opcodeAt: start,
    stack: [],
    marks: [],
    memo: new Map(),
    storages: new Map(),
    result: undefined,
    fileOffset: () => fileOffset + machine.opcodeAt,
    refuse: (problem) => {
      throw new FormatError(file, problem, machine.fileOffset());
    },
    u8: () => view.getUint8(advance(1)),
    u16: () => view.getUint16(advance(2), true),
    u32: () => view.getUint32(advance(4), true),
    i32: () => view.getInt32(advance(4), true),
    u64: () => Number(view.getBigUint64(advance(8), true)),
    f64: () => view.getFloat64(advance(8), false), // the one big-endian number of the format
    take: (length) => {
      const from = advance(length);
      return bytes.subarray(from, from + length);
    },
    text: (length) => {
      if (length > pickleLimits.stringBytes) machine.refuse(`the pickle has a string of ${length} bytes`);
      return decode(machine.take(length));
    },
    line: () => {
      const end = bytes.indexOf(10, machine.at);
      const length = (end < 0 ? bytes.length : end) - machine.at;
      if (length > pickleLimits.nameBytes)
        machine.refuse(`the pickle has a name of more than ${pickleLimits.nameBytes} bytes`);
      const text = decode(machine.take(length));
      advance(1);
      return text;
    },
    mark: () => {
      if (machine.marks.length >= pickleLimits.depth) machine.refuse(`the pickle nests ${machine.marks.length} marks`);
      machine.marks.push(machine.stack.length);
    },
    push: (value) => {
      if (typeof value === "object" && value !== null) count();
      if (machine.stack.length >= pickleLimits.depth)
        machine.refuse(`the pickle stacks ${machine.stack.length} values`);
      machine.stack.push(value);
    },
    pop: () => {
      const value = machine.stack.length > (machine.marks.at(-1) ?? 0) ? machine.stack.pop() : undefined;
      return value === undefined ? machine.refuse("the pickle takes from an empty stack") : value;
    },
    popMark: () => {
      const height = machine.marks.pop();
      return height === undefined
        ? machine.refuse("the pickle goes back to a mark that isn't there")
        : machine.stack.splice(height);
    },
    remember: (index) => {
      count();
      const top = machine.stack.at(-1);
      machine.memo.set(index, top === undefined ? machine.refuse("the pickle remembers an empty stack") : top);
    },
  };

  function advance(length: number): number {
    const from = machine.at;
    if (!(from + length <= bytes.length)) {
      machine.refuse(`the pickle breaks off: ${length} bytes should follow but there are ${bytes.length - from}`);
    }
    machine.at = from + length;
    return from;
  }
  function count(): void {
    if (++objects > pickleLimits.objects) machine.refuse(`the pickle holds more than ${pickleLimits.objects} objects`);
  }
  function decode(text: Uint8Array): string {
    try {
      return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(text);
    } catch {
      return machine.refuse("the pickle has a string that is not UTF-8");
    }
  }
  return machine;
};
