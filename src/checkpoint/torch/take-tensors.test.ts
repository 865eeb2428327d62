import { zipSync } from "fflate";
import { describe, expect, test } from "vitest";
import { FormatError } from "../../base/errors.ts";
import { readZip } from "../zip/read-zip.ts";
import { zipParts } from "../zip/zip-parts.ts";
import { ascii, global, int, op, pickle, storage, tensorOf, text, u32 } from "./pickle.test.fixture.ts";
import { readTorchLegacy, startsAsPickle } from "./torch-legacy.ts";
import { readTorchZip } from "./torch-zip.ts";

const bytesOf = (...values: readonly number[]): Uint8Array => new Uint8Array(Float32Array.from(values).buffer);
const dictOf = (...entries: readonly (readonly [string, readonly number[]])[]): readonly number[] => [
  op.emptyDict,
  ...entries.flatMap(([name, value]) => [...text(name), ...value, op.setItem]),
];
const zipOf = (
  object: readonly number[],
  storages: Readonly<Record<string, Uint8Array>>,
  more: readonly string[] = [],
) =>
  new Uint8Array(
    Buffer.concat(
      zipParts([
        ["archive/data.pkl", pickle(object)],
        ...Object.entries(storages).map(([key, bytes]) => [`archive/data/${key}`, bytes] as const),
        ...more.map((name) => [name, new TextEncoder().encode("big")] as const),
      ]),
    ),
  );
const readZipped = (bytes: Uint8Array) => readTorchZip(readZip(bytes, "m.pth"), bytes.length, "m.pth");

const magic = pickle([0x8a, 10, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19]);
const protocol = pickle([0x4d, 0xe9, 3]);
const littleEndian = pickle(op.emptyDict, text("little_endian"), 0x88, op.setItem);
const key = (name: string) => pickle(op.emptyList, text(name), op.append);
const legacyOf = (...parts: readonly Uint8Array[]): Uint8Array => new Uint8Array(Buffer.concat(parts));
const count = (elements: number): Uint8Array => Uint8Array.from([...u32(elements), 0, 0, 0, 0]);

const refusal = (read: () => unknown): string => {
  try {
    read();
  } catch (error) {
    if (error instanceof FormatError) return error.message;
    throw error;
  }
  return "read";
};

const four = storage("FloatStorage", "0", 4);
const whole = tensorOf(four, 0, [4], [1]);
const data = { "0": bytesOf(1, 2, 3, 4) };

describe("readTorchZip(zip, fileBytes, file)", () => {
  test("reads tensors of one storage as views of the file", () => {
    const file = zipOf(
      dictOf(["a", whole], ["b", tensorOf(four, 1, [2], [1])], ["c", tensorOf(four, 0, [2, 2], [1, 2])]),
      data,
    );
    const { tensors } = readZipped(file);
    expect([...tensors].map(([name, { data: values }]) => [name, ...values])).toEqual([
      ["a", 1, 2, 3, 4],
      ["b", 2, 3],
      ["c", 1, 3, 2, 4],
    ]);
    expect(tensors.get("a")?.data.buffer).toBe(file.buffer);
    expect(tensors.get("b")?.data.buffer).toBe(file.buffer);
  });

  test.each(["state_dict", "model", "ema", "net"])(
    "finds the state dict under %s, also under another of these names",
    (name) => {
      const found = { path: [name], leftOut: ["epoch", "best"] };
      const held = dictOf(["epoch", int(3)], [name, dictOf(["a", whole])], ["best", tensorOf(four, 0, [], [])]);
      expect(readZipped(zipOf(held, data))).toMatchObject(found);
      expect(readZipped(zipOf(dictOf(["model", held]), data)).path).toEqual(["model", name]);
    },
  );

  test("prefers the weights to their averages where both are there, and says what it leaves out", () => {
    const both = dictOf(["ema", dictOf(["a", whole])], ["model", dictOf(["b", whole], ["n", int(3)])]);
    const { tensors, path, leftOut } = readZipped(zipOf(both, data));
    expect([[...tensors.keys()], path, leftOut]).toEqual([["b"], ["model"], ["ema", "n"]]);
  });

  const square = tensorOf(four, 0, [2 ** 20, 2 ** 20], [0, 0]);
  test.each([
    [
      "a view beyond its storage",
      zipOf(dictOf(["a", tensorOf(four, 1, [4], [1])]), data),
      /tensor "a" reaches element 5 of its storage, which has 4 \(at byte \d+\)$/,
    ],
    [
      "a stride beyond its storage",
      zipOf(dictOf(["a", tensorOf(four, 0, [2, 2], [3, 1])]), data),
      /tensor "a" reaches element 5 of its storage, which has 4/,
    ],
    [
      "four numbers seen 2⁴⁰ times",
      zipOf(dictOf(["a", square]), data),
      /tensor "a" brings the tensors to 4398046511104 bytes, more than 8 times the file's \d+ /,
    ],
    [
      "a shape beyond numbers",
      zipOf(dictOf(["a", tensorOf(four, 0, [2 ** 30, 2 ** 30, 4], [0, 0, 0])]), data),
      /tensor "a" has the shape \[1073741824, 1073741824, 4\]/,
    ],
    [
      "many views of one storage",
      zipOf(
        dictOf(
          ...Array.from(
            { length: 9000 },
            (_, i) => [`t${i}`, tensorOf(storage("FloatStorage", "0", 4000), 0, [4000], [1])] as const,
          ),
        ),
        { "0": new Uint8Array(16_000) },
      ),
      /tensor "t\d+" brings the tensors to \d+ bytes, more than 8 times/,
    ],
    [
      "a storage of another size",
      zipOf(dictOf(["a", whole]), { "0": bytesOf(1, 2, 3) }),
      /tensor "a" lies in storage "0" of 4 × f32, which has 12 bytes/,
    ],
    [
      "one number of a deflated storage of two million",
      zipSync({
        "archive/data.pkl": pickle(dictOf(["a", tensorOf(storage("FloatStorage", "0", 2 ** 21), 0, [1], [1])])),
        "archive/data/0": new Uint8Array(2 ** 23),
      }),
      /tensor "a" brings the tensors to 8388612 bytes, more than 8 times the file's \d+ and than 1048576/,
    ],
    ["a storage that isn't there", zipOf(dictOf(["a", whole]), {}), /the zip lacks the storage "0"/],
    ["a list", zipOf([op.emptyList], {}), /m\.pth: it holds a list, not a dict of tensors$/],
    ["a tensor alone", zipOf(whole, data), /it holds a tensor, not a dict of tensors$/],
    [
      "no tensors",
      zipOf(dictOf(["epoch", int(3)], ["model", int(4)]), data),
      /its dict holds no tensors, under none of the usual names \(state_dict, .*, ema\): it has "epoch", "model"$/,
    ],
    [
      "big-endian numbers",
      zipOf(dictOf(["a", whole]), data, ["archive/byteorder"]),
      /has big-endian numbers, which aren't read; save it on another machine/,
    ],
    [
      "TorchScript",
      zipOf(dictOf(["a", whole]), data, ["archive/constants.pkl"]),
      /is a TorchScript program, not a dict of tensors; in Python: torch\.save\(torch\.jit\.load/,
    ],
    [
      "another zip",
      new Uint8Array(Buffer.concat(zipParts([["a", data["0"]]]))),
      /the zip has no data\.pkl, which PyTorch's files have/,
    ],
  ])("refuses %s", (_, bytes, message) => {
    expect(refusal(() => readZipped(bytes))).toMatch(message);
  });

  test("inflates no storage that is larger than the pickle says", () => {
    const file = zipSync({
      "archive/data.pkl": pickle(dictOf(["a", whole])),
      "archive/data/0": new Uint8Array(2 ** 23),
    });
    const zip = readZip(file, "m.pth");
    const read: typeof zip.read = (entry) => (entry.name.endsWith("/0") ? expect.fail("is inflated") : zip.read(entry));
    expect(refusal(() => readTorchZip({ ...zip, read }, file.length, "m.pth"))).toMatch(
      /tensor "a" lies in storage "0" of 4 × f32, which has 8388608 bytes/,
    );
  });
});

describe("readTorchLegacy(bytes, file)", () => {
  const object = pickle(dictOf(["a", tensorOf(four, 1, [2], [1])]));
  const start = [magic, protocol, littleEndian, object, key("0")];

  test("reads pickles, keys and storages", () => {
    const file = legacyOf(...start, count(4), data["0"]);
    expect([...(readTorchLegacy(file, "m").tensors.get("a")?.data ?? [])]).toEqual([2, 3]);
    expect(startsAsPickle(file)).toBe(true);
    expect(startsAsPickle(Uint8Array.of(0x80))).toBe(false);
  });

  test("reads storages that are views of others, from before PyTorch 0.4", () => {
    const view = [op.mark, ...text("v"), ...int(1), ...int(3), op.tuple];
    const id = [
      op.mark,
      ...text("storage"),
      ...global("torch", "FloatStorage"),
      ...text("0"),
      ...text("cpu"),
      ...int(4),
    ];
    const old = [...global("torch._utils", "_rebuild_tensor"), op.mark, ...id, ...view, op.tuple, op.persistent];
    const tensor = [
      ...old,
      ...int(1),
      ...[op.mark, ...int(2), op.tuple],
      ...[op.mark, ...int(1), op.tuple],
      op.tuple,
      op.reduce,
    ];
    const file = legacyOf(magic, protocol, littleEndian, pickle(dictOf(["a", tensor])), key("0"), count(4), data["0"]);
    expect([...(readTorchLegacy(file, "m").tensors.get("a")?.data ?? [])]).toEqual([3, 4]);
  });

  const end = legacyOf(...start).length;
  test.each([
    ["another pickle", pickle(ascii("N")), "is a pickle, but not one that PyTorch saved (at byte 0)"],
    [
      "another protocol",
      legacyOf(magic, pickle([0x4b, 7])),
      "has PyTorch's protocol 7; only 1001 is known (at byte 15)",
    ],
    [
      "big-endian numbers",
      legacyOf(magic, protocol, pickle(op.emptyDict)),
      "has big-endian numbers, which aren't read; save it on another machine (at byte 21)",
    ],
    [
      "no list of keys",
      legacyOf(...start.slice(0, -1), pickle(op.none)),
      `the list of storages is None (at byte ${end - key("0").length})`,
    ],
    [
      "the key of nothing",
      legacyOf(...start.slice(0, -1), key("7")),
      `the list of storages has "7", which no tensor lies in (at byte ${end - key("0").length})`,
    ],
    ["no storages", legacyOf(...start), `the file breaks off before storage "0" (at byte ${end})`],
    [
      "another number of elements",
      legacyOf(...start, count(5), data["0"]),
      `storage "0" has 5 elements, but the pickle says 4 (at byte ${end})`,
    ],
    [
      "half a storage",
      legacyOf(...start, count(4), data["0"].subarray(1)),
      `storage "0" should end at byte ${end + 24} but the file has ${end + 23} (at byte ${end})`,
    ],
    [
      "a storage that isn't listed",
      legacyOf(...start.slice(0, -1), pickle(op.emptyList)),
      /the file lacks the storage "0" \(at byte \d+\)$/,
    ],
  ])("refuses %s", (_, bytes, message) => {
    const said = refusal(() => readTorchLegacy(bytes, "m.pth"));
    if (typeof message === "string") expect(said).toBe(`m.pth: ${message}`);
    else expect(said).toMatch(message);
  });
});
