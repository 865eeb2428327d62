// Values as they lie in memory: a descriptor over a storage that has no address yet. And the calls that work on them.
import type { ValueDType } from "../../base/dtype.ts";
import type { Shape } from "../../base/shape.ts";
import { type Part, parts } from "../../graph/ops.ts";
import type { Argument, ImageLayout, MemoryDescriptor, Primitive } from "./dnnl.ts";

/** A stretch of memory. The arena's are laid out once all calls are known; a state's and an input's address is given. */
export interface Storage {
  readonly name: string;
  readonly bytes: number;
  readonly place: Place;
}
export type Place =
  | { readonly kind: "arena" }
  /** In the arena from beginning to end: constants, and functions of the state alone. */
  | { readonly kind: "pinned" }
  | { readonly kind: "state"; readonly state: string }
  | { readonly kind: "input"; readonly input: string };

/** `opaque`: a layout that a primitive has chosen. */
export type Layout = ImageLayout | "opaque";

export interface Physical {
  readonly storage: Storage;
  readonly descriptor: MemoryDescriptor;
  readonly layout: Layout;
  /** As the library sees it; weights of grouped convolutions have the groups as an axis of their own. */
  readonly shape: Shape;
  /** Of what each strip has a part of its own (plan/strips.ts): the bytes from one part to the next. */
  readonly stripBytes?: number;
  readonly dtype: ValueDType;
}

/** One call into the library. */
export interface PrimitiveCall {
  readonly kind: "primitive";
  readonly node: string;
  readonly phase: Phase;
  /** Run for each strip. */
  readonly inStrips: boolean;
  readonly primitive: Primitive;
  readonly arguments: readonly (readonly [Argument, Physical])[];
}

/** What a few elements need and no primitive has: done in this thread, on views of the same memory. */
export interface ScriptCall {
  readonly kind: "script";
  readonly node: string;
  readonly phase: Phase;
  readonly inStrips: boolean;
  readonly implementation: string;
  readonly tensors: readonly Physical[];
  run(arrays: readonly ScriptArray[]): void;
}
/** Numbers; of bf16 memory the bits, which only fills make use of. */
export type ScriptArray = Float32Array | Int32Array | Int8Array | Uint16Array;

export type Call = PrimitiveCall | ScriptCall;

/** `initialise`: once. `prepare`: functions of the state alone, run again when the state has changed. */
export type Phase = "initialise" | Part;
export const phases: readonly Phase[] = ["initialise", ...parts];
