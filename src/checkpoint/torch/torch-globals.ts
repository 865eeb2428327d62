// The names that a pickle of tensors needs, each with what it stands for here. Everything else is refused by name when the pickle
// mentions it, before anything could be called.
import type { StoredType } from "../stored-elements.ts";
import {
  describeValue,
  isKind,
  type PickleTuple,
  type PickleValue,
  type StorageReference,
  type TensorReference,
} from "./pickle-values.ts";

/** Refuses, at the byte where the pickle stands. */
export type Refuse = (problem: string) => never;

/** More axes than any framework has. */
const maxRank = 64;
const isCount = (value: PickleValue | undefined): value is number => Number.isSafeInteger(value) && Number(value) >= 0;

const counts = (value: PickleValue | undefined, what: string, refuse: Refuse): readonly number[] => {
  if (!isKind(value, "tuple") || value.items.length > maxRank || !value.items.every(isCount)) {
    return refuse(`a tensor's ${what} should be at most ${maxRank} whole numbers`);
  }
  return value.items;
};

/** torch._utils._rebuild_tensor(storage, offset, size, stride); v2 adds requires_grad, hooks and metadata, which say nothing here. */
const rebuildTensor = (args: PickleTuple, byteOffset: number, refuse: Refuse): TensorReference => {
  const [storage, offset, size, stride] = args.items;
  if (!isKind(storage, "storage")) return refuse(`a tensor is made of ${describeValue(storage)}, not of a storage`);
  if (!isCount(offset)) return refuse(`a tensor's offset should be a whole number but is ${describeValue(offset)}`);
  const [shape, strides] = [counts(size, "size", refuse), counts(stride, "stride", refuse)];
  if (shape.length !== strides.length) {
    return refuse(`a tensor has ${shape.length} axes but strides for ${strides.length}`);
  }
  return { kind: "tensor", storage, offset, shape, strides, byteOffset };
};

/** torch._utils._rebuild_parameter(tensor, requires_grad, hooks): the tensor. */
const rebuildParameter = ({ items: [data] }: PickleTuple, _: number, refuse: Refuse): TensorReference =>
  isKind(data, "tensor") ? data : refuse(`a parameter is made of ${describeValue(data)}, not of a tensor`);

/** collections.OrderedDict(), or of a list of pairs, as Python 2 pickled it. */
const orderedDict = ({ items }: PickleTuple, _: number, refuse: Refuse): PickleValue => {
  const entries = new Map<PickleValue, PickleValue>();
  if (items.length === 0) return { kind: "dict", entries };
  const [pairs] = items;
  if (items.length > 1 || !isKind(pairs, "list"))
    return refuse("an OrderedDict is made of a list of pairs, or of nothing");
  for (const pair of pairs.items) {
    const [key, value] = isKind(pair, "list") || isKind(pair, "tuple") ? pair.items : [];
    if (key === undefined || value === undefined) return refuse(`an OrderedDict has ${describeValue(pair)} for a pair`);
    entries.set(key, value);
  }
  return { kind: "dict", entries };
};

const size = ({ items: [sizes] }: PickleTuple, _: number, refuse: Refuse): PickleValue =>
  isKind(sizes, "tuple") ? sizes : refuse(`a torch.Size is made of ${describeValue(sizes)}, not of a tuple`);

type Call = (args: PickleTuple, byteOffset: number, refuse: Refuse) => PickleValue;

/** What a pickle may call: it makes data of data. */
export const calls: ReadonlyMap<string, Call> = new Map<string, Call>([
  ["collections.OrderedDict", orderedDict],
  ["torch._utils._rebuild_tensor", rebuildTensor],
  ["torch._utils._rebuild_tensor_v2", rebuildTensor],
  ["torch._utils._rebuild_parameter", rebuildParameter],
  ["torch.Size", size],
]);

/** Storages by their class. */
export const storageTypes: ReadonlyMap<string, StoredType> = new Map<string, StoredType>([
  ["torch.HalfStorage", "f16"],
  ["torch.BFloat16Storage", "bf16"],
  ["torch.FloatStorage", "f32"],
  ["torch.DoubleStorage", "f64"],
  ["torch.BoolStorage", "bool"],
  ["torch.ByteStorage", "u8"],
  ["torch.CharStorage", "i8"],
  ["torch.ShortStorage", "i16"],
  ["torch.IntStorage", "i32"],
  ["torch.LongStorage", "i64"],
]);

export const isAllowed = (name: string): boolean => calls.has(name) || storageTypes.has(name);

/** ("storage", class, key, location, elements), and in the legacy layout None or (view's key, start, elements). */
export const storageReference = (id: PickleValue | undefined, byteOffset: number, refuse: Refuse): StorageReference => {
  const [tag, type, key, , elements, view] = isKind(id, "tuple") ? id.items : [];
  const stored = isKind(type, "global") ? storageTypes.get(type.name) : undefined;
  if (tag !== "storage")
    return refuse(`what lies outside the pickle should be a storage but is ${describeValue(tag ?? id)}`);
  if (stored === undefined || typeof key !== "string" || !isCount(elements)) {
    const given = `(${[type, key, elements].map(describeValue).join(", ")})`;
    return refuse(`a storage should be a storage's class, a key and a number of elements but is ${given}`);
  }
  const start = isKind(view, "tuple") ? view.items[1] : 0;
  if (!isCount(start)) return refuse(`a view of a storage starts at ${describeValue(start)}`);
  return { kind: "storage", type: stored, key, elements, start, byteOffset };
};
