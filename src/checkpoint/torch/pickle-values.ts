// What the restricted unpickler makes of a pickle: inert data. No class of Python's is among it, and nothing that could be called.
import type { StoredType } from "../stored-elements.ts";

export type PickleValue =
  | null
  | boolean
  | number
  /** Whole numbers beyond 2⁵³. */
  | bigint
  | string
  | Uint8Array
  | PickleList
  | PickleTuple
  | PickleDict
  | PickleGlobal
  | StorageReference
  | TensorReference;

export interface PickleList {
  readonly kind: "list";
  readonly items: PickleValue[];
}
export interface PickleTuple {
  readonly kind: "tuple";
  readonly items: readonly PickleValue[];
}
/** A dict or an OrderedDict. Keys that are objects are themselves only. */
export interface PickleDict {
  readonly kind: "dict";
  readonly entries: Map<PickleValue, PickleValue>;
}

/** One of the few names that are allowed: see torch-globals.ts. */
export interface PickleGlobal {
  readonly kind: "global";
  readonly name: string;
}

/** Elements of one type that lie outside the pickle, under a key. */
export interface StorageReference {
  readonly kind: "storage";
  readonly type: StoredType;
  readonly key: string;
  /** Of the whole storage under this key. */
  readonly elements: number;
  /** Where this part of it starts, in elements: 0, but for views of files from before PyTorch 0.4. */
  readonly start: number;
  /** The byte of the file at which the pickle names it. */
  readonly byteOffset: number;
}

export interface TensorReference {
  readonly kind: "tensor";
  readonly storage: StorageReference;
  /** In elements, from the start of the storage. */
  readonly offset: number;
  readonly shape: readonly number[];
  /** In elements. */
  readonly strides: readonly number[];
  readonly byteOffset: number;
}

type Kinded = Extract<PickleValue, { readonly kind: string }>;

/** Whether a value is a list, tuple, dict …, and which. */
export const isKind = <K extends Kinded["kind"]>(
  value: PickleValue | undefined,
  kind: K,
): value is Extract<Kinded, { readonly kind: K }> =>
  typeof value === "object" && value !== null && "kind" in value && value.kind === kind;

/** A value's kind in Python's words, for messages. */
export const describeValue = (value: PickleValue | undefined): string => {
  if (value === undefined) return "nothing";
  if (value === null) return "None";
  if (typeof value === "boolean") return value ? "True" : "False";
  if (typeof value === "number" || typeof value === "bigint") return String(value);
  if (typeof value === "string") return quote(value);
  if (value instanceof Uint8Array) return "bytes";
  return value.kind === "global" ? value.name : `a ${value.kind}`;
};

/** A text of the file's in a message: quoted, and cut where it would flood a terminal. */
export const quote = (text: string): string => {
  const quoted = JSON.stringify(text);
  return quoted.length > 120 ? `${quoted.slice(0, 117)}…` : quoted;
};
