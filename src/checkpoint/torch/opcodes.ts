// The opcodes of the restricted unpickler, each with what it does to the machine, and the names of those that are refused.
// After Lib/pickletools.py of Python 3.11.
import { type Machine, pickleLimits } from "./machine.ts";
import { describeValue, isKind, type PickleDict, type PickleValue, quote } from "./pickle-values.ts";
import { calls, isAllowed, storageReference } from "./torch-globals.ts";

type Opcode = (machine: Machine) => void;

const constant =
  (value: PickleValue): Opcode =>
  (m) =>
    m.push(value);

/** Little-endian two's complement. */
const long: Opcode = (m) => {
  const bytes = m.take(m.u8());
  let value = 0n;
  for (const [i, byte] of bytes.entries()) value |= BigInt(byte) << BigInt(8 * i);
  value = BigInt.asIntN(8 * bytes.length, value);
  const number = Number(value);
  m.push(Number.isSafeInteger(number) ? number : value);
};

const tuple =
  (length: number): Opcode =>
  (m) => {
    const items: PickleValue[] = [];
    for (let i = 0; i < length; i++) items.unshift(m.pop());
    m.push({ kind: "tuple", items });
  };

const recall = (m: Machine, index: number): void => {
  const value = m.memo.get(index);
  m.push(value === undefined ? m.refuse(`the pickle recalls value ${index}, which it never remembered`) : value);
};

const top = (m: Machine): PickleValue | undefined => m.stack.at(-1);

const append = (m: Machine, items: readonly PickleValue[]): void => {
  const list = top(m);
  if (isKind(list, "list")) for (const item of items) list.items.push(item);
  else m.refuse(`the pickle appends to ${describeValue(list)}`);
};

const setItems = (m: Machine, items: readonly PickleValue[]): void => {
  const dict = top(m);
  if (items.length % 2 === 1) m.refuse("the pickle sets a key without a value");
  if (isKind(dict, "dict")) for (let i = 0; i < items.length; i += 2) dict.entries.set(items[i]!, items[i + 1]!);
  else m.refuse(`the pickle sets items of ${describeValue(dict)}`);
};

const emptyDict = (): PickleDict => ({ kind: "dict", entries: new Map() });

/** Names a class or function; one that isn't allowed is refused here, before anything could use it. */
const global = (m: Machine, module: PickleValue, name: PickleValue): void => {
  const isText = typeof module === "string" && typeof name === "string";
  const path = isText ? `${module}.${name}` : m.refuse("the pickle names a class by something else than text");
  if (!isAllowed(path)) {
    m.refuse(
      `the pickle asks for ${path.slice(0, 200)}, which tensors don't need; nothing was executed. ` +
        "In Python, save tensors alone: torch.save(model.state_dict(), file)",
    );
  }
  m.push({ kind: "global", name: path });
};

const reduce: Opcode = (m) => {
  const args = m.pop();
  const callee = m.pop();
  const call = isKind(callee, "global") ? calls.get(callee.name) : undefined;
  if (call === undefined) return m.refuse(`the pickle calls ${describeValue(callee)}`);
  if (!isKind(args, "tuple")) return m.refuse(`the pickle calls with ${describeValue(args)} for arguments`);
  m.push(call(args, m.fileOffset(), m.refuse));
};

/** Attributes of an OrderedDict (a state dict has `_metadata`, the versions of its modules), which say nothing here. */
const build: Opcode = (m) => {
  m.pop();
  const target = top(m);
  if (!isKind(target, "dict")) m.refuse(`the pickle gives attributes to ${describeValue(target)}`);
};

const protocol: Opcode = (m) => {
  const version = m.u8();
  if (version > pickleLimits.protocol)
    m.refuse(`the pickle has protocol ${version}; up to ${pickleLimits.protocol} are known`);
};

/** A frame says how many bytes to read ahead; only whether they are there matters here. */
const frame: Opcode = (m) => {
  const bytes = m.u64();
  if (!(m.at + bytes <= m.bytes.length)) m.refuse(`the pickle breaks off: a frame of ${bytes} bytes should follow`);
};

const stop: Opcode = (m) => {
  m.result = m.pop();
  if (m.stack.length > 0) m.refuse("the pickle ends with more than one value");
};

/** What lies outside the pickle: a storage. One key stands for one storage. */
const persistent: Opcode = (m) => {
  const reference = storageReference(m.pop(), m.fileOffset(), m.refuse);
  const { key, type, elements } = reference;
  const known = m.storages.get(key);
  if (known === undefined) m.storages.set(key, reference);
  else if (known.type !== type || known.elements !== elements) {
    m.refuse(`the storage ${quote(key)} is ${known.elements} × ${known.type} and ${elements} × ${type}`);
  }
  m.push(reference);
};

export const opcodes: ReadonlyMap<number, Opcode> = new Map<number, Opcode>([
  [0x80, protocol],
  [0x95, frame],
  [0x2e, stop],
  [0x28, (m) => m.mark()], // MARK
  [0x30, (m) => void m.pop()], // POP
  [0x31, (m) => void m.popMark()], // POP_MARK
  [0x4e, constant(null)], // NONE
  [0x88, constant(true)], // NEWTRUE
  [0x89, constant(false)], // NEWFALSE
  [0x4a, (m) => m.push(m.i32())], // BININT
  [0x4b, (m) => m.push(m.u8())], // BININT1
  [0x4d, (m) => m.push(m.u16())], // BININT2
  [0x8a, long], // LONG1
  [0x47, (m) => m.push(m.f64())], // BINFLOAT
  [0x58, (m) => m.push(m.text(m.u32()))], // BINUNICODE
  [0x8c, (m) => m.push(m.text(m.u8()))], // SHORT_BINUNICODE
  [0x8d, (m) => m.push(m.text(m.u64()))], // BINUNICODE8
  [0x54, (m) => m.push(m.text(m.u32()))], // BINSTRING, Python 2's str
  [0x55, (m) => m.push(m.text(m.u8()))], // SHORT_BINSTRING
  [0x42, (m) => m.push(m.take(m.u32()))], // BINBYTES
  [0x43, (m) => m.push(m.take(m.u8()))], // SHORT_BINBYTES
  [0x5d, (m) => m.push({ kind: "list", items: [] })], // EMPTY_LIST
  [0x61, (m) => append(m, [m.pop()])], // APPEND
  [0x65, (m) => append(m, m.popMark())], // APPENDS
  [0x29, tuple(0)], // EMPTY_TUPLE
  [0x85, tuple(1)], // TUPLE1
  [0x86, tuple(2)], // TUPLE2
  [0x87, tuple(3)], // TUPLE3
  [0x74, (m) => m.push({ kind: "tuple", items: m.popMark() })], // TUPLE
  [0x7d, (m) => m.push(emptyDict())], // EMPTY_DICT
  [
    0x73, // SETITEM
    (m) => {
      const value = m.pop();
      setItems(m, [m.pop(), value]);
    },
  ],
  [0x75, (m) => setItems(m, m.popMark())], // SETITEMS
  [0x68, (m) => recall(m, m.u8())], // BINGET
  [0x6a, (m) => recall(m, m.u32())], // LONG_BINGET
  [0x71, (m) => m.remember(m.u8())], // BINPUT
  [0x72, (m) => m.remember(m.u32())], // LONG_BINPUT
  [0x94, (m) => m.remember(m.memo.size)], // MEMOIZE
  [0x63, (m) => global(m, m.line(), m.line())], // GLOBAL
  [
    0x93, // STACK_GLOBAL
    (m) => {
      const name = m.pop();
      global(m, m.pop(), name);
    },
  ],
  [0x52, reduce],
  [0x62, build],
  [0x51, persistent], // BINPERSID
]);

/** What Python knows beyond these, to refuse it by name. */
export const opcodeNames: ReadonlyMap<number, string> = new Map([
  [0x32, "DUP"],
  [0x46, "FLOAT"],
  [0x49, "INT"],
  [0x4c, "LONG"],
  [0x50, "PERSID"],
  [0x53, "STRING"],
  [0x56, "UNICODE"],
  [0x64, "DICT"],
  [0x67, "GET"],
  [0x69, "INST"],
  [0x6c, "LIST"],
  [0x6f, "OBJ"],
  [0x70, "PUT"],
  [0x81, "NEWOBJ"],
  [0x82, "EXT1"],
  [0x83, "EXT2"],
  [0x84, "EXT4"],
  [0x8b, "LONG4"],
  [0x8e, "BINBYTES8"],
  [0x8f, "EMPTY_SET"],
  [0x90, "ADDITEMS"],
  [0x91, "FROZENSET"],
  [0x92, "NEWOBJ_EX"],
  [0x96, "BYTEARRAY8"],
  [0x97, "NEXT_BUFFER"],
  [0x98, "READONLY_BUFFER"],
]);
