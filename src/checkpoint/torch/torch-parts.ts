// Writes PyTorch's zip layout: what torch.load reads, also with weights_only=True. An OrderedDict of tensors, each with a storage of its
// own, pickled with protocol 2. Reading: torch-zip.ts.
import { invariant, UsageError } from "../../base/errors.ts";
import type { NamedTensors } from "../../base/tensor.ts";
import { overflowRefusal, type StoredFloat, type StoredType, storedTypeOf, writeElements } from "../stored-elements.ts";
import { zipParts } from "../zip/zip-parts.ts";
import { storageTypes } from "./torch-globals.ts";

const storageClass = (type: StoredType): string => {
  const found = [...storageTypes].find(([, stored]) => stored === type);
  invariant(found !== undefined, `PyTorch has no storage of ${type}`);
  return found[0];
};

const utf8 = (text: string): readonly number[] => [...new TextEncoder().encode(text)];
const u32 = (value: number): readonly number[] => [0, 8, 16, 24].map((shift) => (value >>> shift) & 0xff);

const text = (value: string): readonly number[] => {
  const bytes = utf8(value);
  return [0x58, ...u32(bytes.length), ...bytes]; // BINUNICODE
};

const int = (value: number): readonly number[] => {
  if (value < 2 ** 8) return [0x4b, value]; // BININT1
  if (value < 2 ** 31) return [0x4a, ...u32(value)]; // BININT
  return [0x8a, 8, ...u32(value % 2 ** 32), ...u32(Math.floor(value / 2 ** 32))]; // LONG1
};

const [mark, tuple, emptyTuple, reduce, persistent, falseValue, setItem, stop] = [
  0x28, 0x74, 0x29, 0x52, 0x51, 0x89, 0x73, 0x2e,
];

const tupleOf = (values: readonly number[]): readonly number[] => [mark, ...values.flatMap(int), tuple];

/** A GLOBAL where its name comes for the first time, which the memo keeps; after that a BINGET. */
const globals = (): ((name: string) => readonly number[]) => {
  const memo = new Map<string, number>();
  return (name) => {
    const known = memo.get(name);
    if (known !== undefined) return [0x68, known];
    memo.set(name, memo.size);
    const dot = name.lastIndexOf(".");
    return [0x63, ...utf8(`${name.slice(0, dot)}\n${name.slice(dot + 1)}\n`), 0x71, memo.size - 1];
  };
};

/** Row-major strides, in elements; PyTorch's count an axis of size 0 as 1. */
const stridesOf = (shape: readonly number[]): readonly number[] => {
  const strides: number[] = [];
  let stride = 1;
  for (const size of shape.toReversed()) {
    strides.unshift(stride);
    stride *= Math.max(size, 1);
  }
  return strides;
};

/**
 * A `.pth` file in pieces that are to be written one after another; tensors are written from where they lie. `floats` is the type in
 * which f32 tensors are stored (default f32). The same tensors give the same bytes. Throws UsageError for a name that isn't text, for
 * a number beyond those of `floats`, and beyond 4 GiB.
 */
export const torchParts = (tensors: NamedTensors, floats: StoredFloat = "f32"): readonly Uint8Array[] => {
  const global = globals();
  const orderedDict = (): readonly number[] => [...global("collections.OrderedDict"), emptyTuple, reduce];
  const pickle: number[] = [0x80, 2, ...orderedDict()];
  const storages: (readonly [string, Uint8Array])[] = [];
  for (const [name, stored] of tensors) {
    if (/\p{Surrogate}/u.test(name)) {
      throw new UsageError(`a PyTorch file can't hold a tensor named ${JSON.stringify(name)}; rename it`);
    }
    const { dtype, shape, data } = stored;
    const key = String(storages.length);
    const type = storedTypeOf(dtype, floats);
    pickle.push(...text(name), ...global("torch._utils._rebuild_tensor_v2"), mark);
    pickle.push(
      mark,
      ...text("storage"),
      ...global(storageClass(type)),
      ...text(key),
      ...text("cpu"),
      ...int(data.length),
    );
    pickle.push(tuple, persistent, ...int(0), ...tupleOf(shape), ...tupleOf(stridesOf(shape)));
    pickle.push(falseValue, ...orderedDict(), tuple, reduce, setItem); // requires_grad, hooks
    storages.push([`archive/data/${key}`, writeElements(stored, floats, overflowRefusal(name, floats))]);
  }
  pickle.push(stop);
  return zipParts([
    ["archive/data.pkl", Uint8Array.from(pickle)],
    ...storages,
    ["archive/version", new TextEncoder().encode("3\n")],
  ]);
};
