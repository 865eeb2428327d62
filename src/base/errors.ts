// The few kinds of error of the product. Each message says where, what, the values, and the remedy; the same facts are fields.
// The command line turns UsageError and FormatError into exit status 2, every other error into 1.
import { formatShape, type Shape } from "./shape.ts";

/** Wrong usage or wrong input: the person can mend it. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** Shapes that don't fit together. `node` is the node's path, `operand` the operand that is wrong. */
export class ShapeError extends Error {
  override readonly name = "ShapeError";
  readonly node: string;
  readonly operand: string;
  readonly expected: string;
  readonly actual: Shape;
  constructor(node: string, operand: string, expected: string, actual: Shape) {
    super(`${node}: ${operand} should be ${expected} but is ${formatShape(actual)}`);
    this.node = node;
    this.operand = operand;
    this.expected = expected;
    this.actual = actual;
  }
}

/** An engine refuses, at compile time, what it can't do. */
export class UnsupportedError extends Error {
  override readonly name = "UnsupportedError";
  readonly engine: string;
  readonly node: string;
  readonly reason: string;
  constructor(engine: string, node: string, reason: string) {
    super(`${node}: the engine ${engine} can't do this: ${reason}`);
    this.engine = engine;
    this.node = node;
    this.reason = reason;
  }
}

/** A file that is not what it should be. `byteOffset` is where the reader noticed. */
export class FormatError extends Error {
  override readonly name = "FormatError";
  readonly file: string;
  readonly byteOffset: number | null;
  constructor(file: string, problem: string, byteOffset: number | null = null) {
    super(byteOffset === null ? `${file}: ${problem}` : `${file}: ${problem} (at byte ${byteOffset})`);
    this.file = file;
    this.byteOffset = byteOffset;
  }
}

/** A call into a native library that failed. `context` holds primitive, shapes and node path. */
export class NativeError extends Error {
  override readonly name = "NativeError";
  readonly library: string;
  readonly call: string;
  readonly status: string;
  readonly context: string;
  constructor(library: string, call: string, status: string, context: string) {
    super(`${context}: ${library} answered ${status} to ${call}`);
    this.library = library;
    this.call = call;
    this.status = status;
    this.context = context;
  }
}

/** A library, data set or device that this machine lacks; the message says how to get it. */
export class MissingError extends Error {
  override readonly name = "MissingError";
}

/** States what the code around it has already made sure of. */
export function invariant(condition: unknown, message: string): asserts condition {
  if (!condition) throw new Error(`internal error: ${message}`);
}
