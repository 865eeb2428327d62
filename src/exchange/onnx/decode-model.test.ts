import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import { describe, expect, test } from "vitest";
import { float, floats, int, ints, longs, string } from "./attributes.ts";
import { decodeModel } from "./decode-model.ts";
import { checkModelBytes } from "./encode-model.ts";
import type { OnnxModel, OnnxTensor } from "./onnx-model.ts";
import { fileOf, node, refusal } from "./small-models.test.fixture.ts";

const model: OnnxModel = {
  irVersion: 8,
  opset: 17,
  producer: { name: "p", version: "1.2" },
  graph: {
    name: "g",
    nodes: [
      node("Conv", ["x", "", "b"], "y", {
        ints: ints([3, -1, 2 ** 40]),
        int: int(-7),
        float: float(0.5),
        text: string("é"),
      }),
      node("Constant", [], "c", {
        value: { kind: "tensor", value: longs([-1, 5]) },
        more: { kind: "floats", values: [1.5, -2] },
      }),
    ],
    initializers: new Map([["w", floats("w", [2, 1], Float32Array.of(1, -0.25))]]),
    inputs: [{ name: "x", dataType: 1, shape: ["N", 3, "", 8] }],
    outputs: [{ name: "y", dataType: 1, shape: null }],
  },
  metadata: { spec: "{}", classes: "[]" },
};
/** Without where tensors stand: in the file, and nowhere before they are written. */
const placeless = (value: OnnxModel): unknown =>
  JSON.parse(
    JSON.stringify(value, (key, each: unknown) =>
      key === "byteOffset" ? 0 : each instanceof Map ? [...each] : each instanceof Uint8Array ? [...each] : each,
    ),
  );

/** A message of fields that a test writes itself. */
const written = (write: (writer: BinaryWriter) => void): Uint8Array => {
  const writer = new BinaryWriter();
  write(writer);
  return writer.finish();
};
const inside = (field: number, bytes: Uint8Array): Uint8Array =>
  written((writer) => writer.tag(field, WireType.LengthDelimited).bytes(bytes));
const modelWith = (graph: Uint8Array): Uint8Array =>
  Buffer.concat([
    inside(7, graph),
    inside(
      8,
      written((set) => set.tag(2, WireType.Varint).int64(17)),
    ),
  ]);
/** A file with one tensor, made of fields. */
const withTensor = (write: (writer: BinaryWriter) => void): Uint8Array => modelWith(inside(5, written(write)));

describe("decodeModel(bytes, file)", () => {
  test("gives back what encodeModel was given", () => {
    expect(placeless(decodeModel(fileOf(model), "m"))).toEqual(placeless(model));
  });

  test("leaves tensors where they lie in the file, and says where", () => {
    const bytes = fileOf(model);
    const stored = decodeModel(bytes, "m").graph.initializers.get("w");
    expect(stored?.data.buffer).toBe(bytes.buffer);
    expect([...bytes.subarray(stored?.byteOffset, (stored?.byteOffset ?? 0) + 8)]).toEqual([...(stored?.data ?? [])]);
  });

  test("reads packed and unpacked lists of numbers, and fields of other versions not at all", () => {
    const attribute = written((writer) => {
      writer.tag(1, WireType.LengthDelimited).string("a");
      writer.tag(8, WireType.LengthDelimited).fork().int64(1).int64(-2).join();
      writer.tag(8, WireType.Varint).int64(3);
      writer.tag(20, WireType.Varint).int64(7);
      writer.tag(99, WireType.Bit64).fixed64(1);
    });
    const { graph } = decodeModel(modelWith(inside(1, inside(5, attribute))), "m");
    expect(graph.nodes[0]?.attributes.get("a")).toEqual(ints([1, -2, 3]));
  });

  test("reads attributes that proto3 writers leave empty by their type", () => {
    const empty = (type: number) =>
      decodeModel(
        modelWith(
          inside(
            1,
            inside(
              5,
              written((writer) => writer.tag(20, WireType.Varint).int64(type)),
            ),
          ),
        ),
        "m",
      ).graph.nodes[0]?.attributes.get("");
    expect([1, 2, 3, 6, 7, 5].map(empty)).toEqual([
      float(0),
      int(0),
      string(""),
      { kind: "floats", values: [] },
      ints([]),
      { kind: "other" },
    ]);
  });

  const text = (writer: BinaryWriter, field: number, value: string) =>
    writer.tag(field, WireType.LengthDelimited).string(value);
  const number = (writer: BinaryWriter, field: number, value: number) =>
    writer.tag(field, WireType.Varint).int64(value);
  const refused: readonly (readonly [string, Uint8Array, string])[] = [
    ["nothing", new Uint8Array(0), "it is not an ONNX model: it has no graph (at byte 0)"],
    [
      "no operators",
      inside(7, new Uint8Array(0)),
      "it is not an ONNX model: it doesn't say which version of the operators it has (at byte 0)",
    ],
    ["a length beyond the end", Uint8Array.of(0x3a, 0x7f, 1), "the model is damaged: premature EOF (at byte 1)"],
    [
      "a field number of 0",
      Uint8Array.of(0x02),
      "the model is damaged: illegal tag: field no 0 wire type 2 (at byte 0)",
    ],
    [
      "another wire type",
      Uint8Array.of(0x08, 1, 0x38, 1),
      "the model is damaged: field 7 has wire type 0, not 2 (at byte 3)",
    ],
    [
      "a number that is too long",
      new Uint8Array(12).fill(0xff).fill(0x08, 0, 1),
      "the model is damaged: invalid varint (at byte 1)",
    ],
    [
      "text that isn't UTF-8",
      inside(2, Uint8Array.of(0xff, 0xfe)),
      "the model is damaged: The encoded data was not valid for encoding utf-8 (at byte 1)",
    ],
    [
      "two graphs",
      Buffer.concat([inside(7, new Uint8Array(0)), inside(7, new Uint8Array(0))]),
      "the model has two graphs (at byte 3)",
    ],
    [
      "sparse tensors",
      modelWith(inside(15, new Uint8Array(0))),
      "the graph has sparse tensors, which are not read (at byte 3)",
    ],
    [
      "segments",
      withTensor((w) => w.tag(3, WireType.LengthDelimited).bytes(new Uint8Array(0))),
      "a tensor is stored in segments, which are not read (at byte 5)",
    ],
    ["negative dimensions", withTensor((w) => number(w, 1, -4)), 'tensor "" has the dimensions [-4] (at byte 4)'],
    [
      "data in two fields",
      withTensor((w) => {
        text(w, 8, "w");
        text(w, 9, "abcd");
        text(w, 4, "abcd");
      }),
      'tensor "w" has its data in two fields (at byte 14)',
    ],
    [
      "external data",
      withTensor((w) => {
        text(w, 8, "w");
        const place = written((entry) => {
          text(entry, 1, "location");
          text(entry, 2, "w.bin");
        });
        w.tag(13, WireType.LengthDelimited).bytes(place);
        number(w, 14, 1);
      }),
      'tensor "w" has its data in the file "w.bin" beside this one; only models that are whole in one file are read; save it again without external data (at byte 4)',
    ],
    [
      "two tensors of one name",
      modelWith(
        Buffer.concat([
          inside(
            5,
            written((w) => text(w, 8, "w")),
          ),
          inside(
            5,
            written((w) => text(w, 8, "w")),
          ),
        ]),
      ),
      'two tensors are called "w" (at byte 8)',
    ],
  ];
  test.each(refused)("refuses %s, with the byte", (_, bytes, message) => {
    expect(refusal(() => decodeModel(bytes, "m"))).toBe(`m: ${message}`);
  });

  test("refuses more parts than any network has, before they fill the memory", () => {
    const nodes = new Uint8Array(2_200_000);
    for (let i = 0; i < nodes.length; i += 2) nodes[i] = 0x0a; // field 1 of no bytes
    expect(refusal(() => decodeModel(modelWith(nodes), "m"))).toMatch(
      /^m: the file has more than 1000000 parts, as no residual network has/,
    );
  });
});

test("checkModelBytes(bytes, name) refuses what no reader takes: 2 GiB", () => {
  expect(refusal(() => checkModelBytes(2 ** 31, "n"))).toBe(
    "n: an ONNX file of it would have 2147483648 bytes, and the format ends at 2 GiB; write safetensors",
  );
  expect(() => checkModelBytes(2 ** 31 - 1, "n")).not.toThrow();
});

test("a tensor that is written is a view of its memory, not a copy", () => {
  const values = Float32Array.of(1, 2);
  const given: OnnxTensor = floats("w", [2], values);
  expect(given.data.buffer).toBe(values.buffer);
});
