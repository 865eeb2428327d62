// Pickles as an adversary would write them, opcode by opcode.

export const ascii = (text: string): readonly number[] => [...new TextEncoder().encode(text)];
export const u32 = (value: number): readonly number[] => [0, 8, 16, 24].map((shift) => (value >>> shift) & 0xff);
/** BINUNICODE. */
export const text = (value: string): readonly number[] => [0x58, ...u32(ascii(value).length), ...ascii(value)];
/** GLOBAL. */
export const global = (module: string, name: string): readonly number[] => [0x63, ...ascii(`${module}\n${name}\n`)];
/** PROTO 2, the opcodes, STOP. */
export const pickle = (...opcodes: readonly (readonly number[] | number)[]): Uint8Array =>
  Uint8Array.from([0x80, 2, ...opcodes.flat(), 0x2e]);

export const op = {
  mark: 0x28,
  none: 0x4e,
  emptyTuple: 0x29,
  tuple: 0x74,
  tuple1: 0x85,
  tuple2: 0x86,
  emptyList: 0x5d,
  emptyDict: 0x7d,
  append: 0x61,
  appends: 0x65,
  setItem: 0x73,
  setItems: 0x75,
  reduce: 0x52,
  build: 0x62,
  persistent: 0x51,
  pop: 0x30,
  popMark: 0x31,
  memoize: 0x94,
  stackGlobal: 0x93,
} as const;
export const int = (value: number): readonly number[] => [0x4a, ...u32(value)];
/** ("storage", class, key, "cpu", elements), as a persistent id. */
export const storage = (type: string, key: string, elements: number): readonly number[] => [
  op.mark,
  ...text("storage"),
  ...global("torch", type),
  ...text(key),
  ...text("cpu"),
  ...int(elements),
  op.tuple,
  op.persistent,
];
export const tupleOf = (...values: readonly number[]): readonly number[] => [op.mark, ...values.flatMap(int), op.tuple];
/** torch._utils._rebuild_tensor_v2(storage, offset, size, stride, False, OrderedDict()) without its last two. */
export const tensorOf = (
  stored: readonly number[],
  offset: number,
  size: readonly number[],
  stride: readonly number[],
): readonly number[] => [
  ...global("torch._utils", "_rebuild_tensor_v2"),
  op.mark,
  ...stored,
  ...int(offset),
  ...tupleOf(...size),
  ...tupleOf(...stride),
  op.tuple,
  op.reduce,
];
