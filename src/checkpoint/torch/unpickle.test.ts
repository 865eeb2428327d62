import { describe, expect, test } from "vitest";
import { FormatError } from "../../base/errors.ts";
import { pickleLimits } from "./machine.ts";
import { ascii, global, int, op, pickle, storage, tensorOf, text, tupleOf, u32 } from "./pickle.test.fixture.ts";
import type { PickleValue } from "./pickle-values.ts";
import { unpickle } from "./unpickle.ts";

const read = (bytes: Uint8Array): PickleValue => unpickle(bytes, 0, "m.pth", 1000).value;
const refusal = (bytes: Uint8Array): string => {
  try {
    read(bytes);
  } catch (error) {
    if (error instanceof FormatError) return error.message;
    throw error;
  }
  return "read";
};

describe("unpickle(bytes, start, file, fileOffset)", () => {
  test("reads numbers of every width", () => {
    const list = (...items: readonly (readonly number[])[]) => pickle(op.emptyList, op.mark, ...items, op.appends);
    expect(
      read(
        list(
          [0x4b, 200],
          [0x4d, 1, 2],
          int(-5),
          [0x8a, 0],
          [0x8a, 2, 0xff, 0x00],
          [0x8a, 1, 0xff],
          [0x8a, 9, 0, 0, 0, 0, 0, 0, 0, 0, 1],
          [0x47, 0x3f, 0xf8, 0, 0, 0, 0, 0, 0],
        ),
      ),
    ).toEqual({ kind: "list", items: [200, 513, -5, 0, 255, -1, 2n ** 64n, 1.5] });
  });

  test("reads texts and bytes of every kind", () => {
    const items = [
      text("größe"),
      [0x8c, 1, ...ascii("a")],
      [0x8d, 1, 0, 0, 0, 0, 0, 0, 0, ...ascii("b")],
      [0x55, 1, ...ascii("c")],
      [0x54, ...u32(1), ...ascii("d")],
      [0x43, 2, 0xff, 0],
      [0x42, ...u32(1), 7],
    ];
    expect(read(pickle(op.mark, ...items, op.tuple))).toEqual({
      kind: "tuple",
      items: ["größe", "a", "b", "c", "d", Uint8Array.of(0xff, 0), Uint8Array.of(7)],
    });
  });

  test("remembers and recalls, drops what is popped, and says where the pickle ends", () => {
    const bytes = pickle(
      text("x"),
      [0x71, 3],
      [0x72, ...u32(70_000)],
      op.memoize,
      op.pop,
      [0x6a, ...u32(70_000)],
      [0x68, 2],
      op.tuple2,
    );
    expect(unpickle(Uint8Array.from([9, ...bytes, 9]), 1, "m", 0)).toMatchObject({
      value: { kind: "tuple", items: ["x", "x"] },
      end: bytes.length + 1,
    });
    expect(read(pickle(op.none, op.mark, op.none, op.none, op.popMark))).toBeNull();
  });

  test("makes tensors of storages, OrderedDicts of pairs, and forgets attributes", () => {
    const tensor = tensorOf(storage("FloatStorage", "0", 6), 1, [2], [3]);
    const dict = pickle(
      global("collections", "OrderedDict"),
      [op.emptyList, op.emptyList, ...text("w"), op.append, ...tensor, op.append, op.append, op.tuple1],
      op.reduce,
      [op.emptyDict, ...text("_metadata"), op.none, op.setItem, op.build],
    );
    expect(read(dict)).toMatchObject({
      kind: "dict",
      entries: new Map([
        [
          "w",
          {
            kind: "tensor",
            offset: 1,
            shape: [2],
            strides: [3],
            storage: { type: "f32", key: "0", elements: 6, start: 0 },
          },
        ],
      ]),
    });
    expect(unpickle(dict, 0, "m", 0).storages.get("0")).toMatchObject({ type: "f32", elements: 6 });
  });

  test("reads protocol 4, whose classes are named on the stack, in frames", () => {
    const bytes = pickle(
      [0x95, 5, 0, 0, 0, 0, 0, 0, 0],
      text("torch"),
      text("Size"),
      op.stackGlobal,
      tupleOf(2, 3),
      op.tuple1,
      op.reduce,
    );
    expect(read(bytes)).toEqual({ kind: "tuple", items: [2, 3] });
  });

  const notNeeded = (name: string) =>
    `the pickle asks for ${name}, which tensors don't need; nothing was executed. ` +
    "In Python, save tensors alone: torch.save(model.state_dict(), file)";
  test.each([
    [
      "os.system",
      pickle(global("os", "system"), text("true"), op.tuple1, op.reduce),
      `${notNeeded("os.system")} (at byte 1002)`,
    ],
    [
      "a name on the stack",
      pickle(text("builtins"), text("eval"), op.stackGlobal),
      `${notNeeded("builtins.eval")} (at byte 1024)`,
    ],
    [
      "a name that every object has",
      pickle(global("constructor", "x")),
      `${notNeeded("constructor.x")} (at byte 1002)`,
    ],
    [
      "a call of a storage's class",
      pickle(global("torch", "FloatStorage"), op.emptyTuple, op.reduce),
      "the pickle calls torch.FloatStorage (at byte 1023)",
    ],
    ["a call of a text", pickle(text("x"), op.emptyTuple, op.reduce), 'the pickle calls "x" (at byte 1009)'],
    [
      "a call without a tuple",
      pickle(global("torch", "Size"), op.none, op.reduce),
      "the pickle calls with None for arguments (at byte 1015)",
    ],
    [
      "INST",
      pickle(op.mark, [0x69, ...ascii("os\nsystem\n")]),
      "the pickle has the opcode INST, which no file of tensors needs (at byte 1003)",
    ],
    ["NEWOBJ", pickle(0x81), "the pickle has the opcode NEWOBJ, which no file of tensors needs (at byte 1002)"],
    [
      "no opcode of Python's",
      pickle(0xff),
      "the pickle has the opcode 0xff, which no file of tensors needs (at byte 1002)",
    ],
    ["a protocol to come", Uint8Array.of(0x80, 9), "the pickle has protocol 9; up to 5 are known (at byte 1000)"],
    [
      "no end",
      Uint8Array.of(0x80, 2, 0x4e),
      "the pickle breaks off: 1 bytes should follow but there are 0 (at byte 1003)",
    ],
    [
      "half a number",
      Uint8Array.of(0x4a, 1, 2),
      "the pickle breaks off: 4 bytes should follow but there are 2 (at byte 1000)",
    ],
    [
      "a text beyond the end",
      pickle([0x58, ...u32(1000)]),
      "the pickle breaks off: 1000 bytes should follow but there are 1 (at byte 1002)",
    ],
    [
      "a text of 4 GiB",
      pickle([0x58, 0xff, 0xff, 0xff, 0xff]),
      "the pickle has a string of 4294967295 bytes (at byte 1002)",
    ],
    [
      "a text beyond numbers",
      pickle([0x8d, 255, 255, 255, 255, 255, 255, 255, 255]),
      "the pickle has a string of 18446744073709552000 bytes (at byte 1002)",
    ],
    [
      "bytes beyond the end",
      pickle([0x42, 0xff, 0xff, 0xff, 0xff]),
      "the pickle breaks off: 4294967295 bytes should follow but there are 1 (at byte 1002)",
    ],
    ["a text that isn't UTF-8", pickle([0x8c, 1, 0xff]), "the pickle has a string that is not UTF-8 (at byte 1002)"],
    [
      "a name without end",
      pickle([0x63], ascii("x".repeat(2000))),
      "the pickle has a name of more than 1000 bytes (at byte 1002)",
    ],
    [
      "a frame beyond the end",
      pickle([0x95, 9, 0, 0, 0, 0, 0, 0, 1]),
      "the pickle breaks off: a frame of 72057594037927950 bytes should follow (at byte 1002)",
    ],
    ["an empty stack", pickle(), "the pickle takes from an empty stack (at byte 1002)"],
    [
      "a value below a mark",
      pickle(op.none, op.mark, op.append),
      "the pickle takes from an empty stack (at byte 1004)",
    ],
    ["no mark", pickle(op.tuple), "the pickle goes back to a mark that isn't there (at byte 1002)"],
    ["two values", pickle(op.none, op.none), "the pickle ends with more than one value (at byte 1004)"],
    [
      "what it never remembered",
      pickle([0x68, 7]),
      "the pickle recalls value 7, which it never remembered (at byte 1002)",
    ],
    ["nothing to remember", pickle(op.memoize), "the pickle remembers an empty stack (at byte 1002)"],
    ["appending to nothing", pickle(op.none, op.none, op.append), "the pickle appends to None (at byte 1004)"],
    [
      "items of a list",
      pickle(op.emptyList, op.none, op.none, op.setItem),
      "the pickle sets items of a list (at byte 1005)",
    ],
    [
      "a key without a value",
      pickle(op.emptyDict, op.mark, op.none, op.setItems),
      "the pickle sets a key without a value (at byte 1005)",
    ],
    [
      "attributes of a list",
      pickle(op.emptyList, op.emptyDict, op.build),
      "the pickle gives attributes to a list (at byte 1004)",
    ],
    [
      "a class by a number",
      pickle(op.none, text("x"), op.stackGlobal),
      "the pickle names a class by something else than text (at byte 1009)",
    ],
    [
      "another thing outside",
      pickle(text("tensor"), op.persistent),
      'what lies outside the pickle should be a storage but is "tensor" (at byte 1013)',
    ],
    [
      "complex numbers",
      pickle(storage("ComplexFloatStorage", "0", 1)),
      `${notNeeded("torch.ComplexFloatStorage")} (at byte 1015)`,
    ],
    [
      "a storage of −1",
      pickle(storage("FloatStorage", "0", -1)),
      `a storage should be a storage's class, a key and a number of elements but is (torch.FloatStorage, "0", -1) (at byte 1055)`,
    ],
    [
      "a storage of two sizes",
      pickle(storage("FloatStorage", "0", 1), op.pop, storage("FloatStorage", "0", 2)),
      'the storage "0" is 1 × f32 and 2 × f32 (at byte 1110)',
    ],
    [
      "a tensor of a number",
      pickle(tensorOf(int(1), 0, [1], [1])),
      "a tensor is made of 1, not of a storage (at byte 1061)",
    ],
    [
      "a negative stride",
      pickle(tensorOf(storage("FloatStorage", "0", 4), 0, [2], [-1])),
      "a tensor's stride should be at most 64 whole numbers (at byte 1110)",
    ],
    [
      "axes without strides",
      pickle(tensorOf(storage("FloatStorage", "0", 4), 0, [2, 2], [1])),
      "a tensor has 2 axes but strides for 1 (at byte 1115)",
    ],
    [
      "a parameter of nothing",
      pickle(global("torch._utils", "_rebuild_parameter"), op.none, op.tuple1, op.reduce),
      "a parameter is made of None, not of a tensor (at byte 1037)",
    ],
    [
      "an OrderedDict of a text",
      pickle(global("collections", "OrderedDict"), text("x"), op.tuple1, op.reduce),
      "an OrderedDict is made of a list of pairs, or of nothing (at byte 1034)",
    ],
  ])("refuses %s", (_, bytes, message) => {
    expect(refusal(bytes)).toBe(`m.pth: ${message}`);
  });

  test("refuses more objects, values or marks than a million, without growing on the way", () => {
    const many = pickleLimits.objects + 1;
    expect(refusal(pickle(new Array(many).fill(op.emptyDict)))).toMatch(/the pickle holds more than 1000000 objects/);
    expect(refusal(pickle(op.none, new Array(many).fill(op.memoize)))).toMatch(/more than 1000000 objects/);
    expect(refusal(pickle(new Array(many).fill(op.none)))).toMatch(/the pickle stacks 1000000 values/);
    expect(refusal(pickle(new Array(many).fill(op.mark)))).toMatch(/the pickle nests 1000000 marks/);
  });

  test("reads a list in a list in a list, as deep as the limits allow, without recursion", () => {
    const deep = 400_000;
    const bytes = pickle(new Array(deep).fill(op.emptyList), new Array(deep - 1).fill(op.append));
    expect(read(bytes)).toMatchObject({ kind: "list" });
  });
});
