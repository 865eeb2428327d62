import { BinaryWriter } from "@bufbuild/protobuf/wire";
import { describe, expect, test } from "vitest";
import { longs } from "./attributes.ts";
import { type OnnxTensor, onnxTypes } from "./onnx-model.ts";
import { refusal } from "./small-models.test.fixture.ts";
import { floatTensor, wholeNumbers } from "./tensor-elements.ts";

const stored = (
  type: keyof typeof onnxTypes,
  field: OnnxTensor["field"],
  data: Uint8Array,
  dims = [2],
): OnnxTensor => ({
  name: "w",
  dataType: onnxTypes[type],
  dims,
  field,
  data,
  byteOffset: 12,
});
const bytes = ({ buffer }: { readonly buffer: ArrayBufferLike }): Uint8Array => new Uint8Array(buffer);
const varints = (...values: readonly number[]): Uint8Array =>
  values.reduce((writer, value) => writer.int64(value), new BinaryWriter()).finish();

describe("floatTensor(tensor, file)", () => {
  test.each<[string, OnnxTensor]>([
    ["raw f32", stored("f32", "raw", bytes(Float32Array.of(1.5, -2)))],
    ["f32 in a field of floats", stored("f32", "floats", bytes(Float32Array.of(1.5, -2)))],
    ["raw f64", stored("f64", "raw", bytes(Float64Array.of(1.5, -2)))],
    ["f64 in a field of doubles", stored("f64", "doubles", bytes(Float64Array.of(1.5, -2)))],
    ["raw f16", stored("f16", "raw", bytes(Uint16Array.of(0x3e00, 0xc000)))],
    ["f16 as numbers", stored("f16", "int32s", varints(0x3e00, 0xc000))],
    ["raw bf16", stored("bf16", "raw", bytes(Uint16Array.of(0x3fc0, 0xc000)))],
    ["bf16 as numbers", stored("bf16", "int32s", varints(0x3fc0, 0xc000))],
  ])("reads %s", (_, given) => {
    expect(floatTensor(given, "m")).toEqual({ dtype: "f32", shape: [2], data: Float32Array.of(1.5, -2) });
  });

  test("reads elements at any address", () => {
    const shifted = new Uint8Array(9);
    shifted.set(bytes(Float32Array.of(1.5, -2)), 1);
    expect(floatTensor(stored("f32", "raw", shifted.subarray(1)), "m").data).toEqual(Float32Array.of(1.5, -2));
  });

  test.each<[OnnxTensor, string]>([
    [stored("f32", "raw", new Uint8Array(7)), 'tensor "w" [2] of f32 takes 8 bytes but has 7'],
    [
      stored("f32", "raw", new Uint8Array(8), [2 ** 30, 2 ** 30]),
      `tensor "w" [1073741824, 1073741824] of f32 takes ${2 ** 62} bytes but has 8`,
    ],
    [stored("f16", "int32s", varints(1, 2, 3)), 'tensor "w" should have 2 elements but has 3'],
    [
      stored("f16", "int32s", new Uint8Array(12).fill(0xff, 0, 11).fill(1, 10)),
      'tensor "w" has a number that is too long',
    ],
    [stored("f32", "int64s", varints(1, 2)), 'tensor "w" of f32 has its data in a field for others (int64s)'],
    [stored("i32", "raw", new Uint8Array(8)), 'tensor "w" holds whole numbers but should hold weights'],
    [
      { ...stored("f32", "raw", new Uint8Array(8)), dataType: 8 },
      'tensor "w" has elements of type 8; what can be read is f32 (1), f16 (10), bf16 (16), f64 (11), i32 (6), i64 (7)',
    ],
  ])("refuses data that aren't what they should be: case %#", (given, message) => {
    expect(refusal(() => floatTensor(given, "m"))).toBe(`m: ${message} (at byte 12)`);
  });
});

describe("wholeNumbers(tensor, file)", () => {
  test("reads i64 and i32, also INT64_MAX", () => {
    expect(wholeNumbers(longs([1, -2]), "m")).toEqual({ dims: [2], values: [1, -2] });
    expect(wholeNumbers(stored("i64", "raw", bytes(BigInt64Array.of(2n ** 63n - 1n)), [1]), "m")?.values).toEqual([
      2 ** 63,
    ]);
    expect(wholeNumbers(stored("i64", "int64s", varints(4, -5)), "m")?.values).toEqual([4, -5]);
    expect(wholeNumbers(stored("i32", "int32s", varints(4, -5)), "m")?.values).toEqual([4, -5]);
  });

  test("leaves weights and long lists alone", () => {
    expect(wholeNumbers(stored("f32", "raw", new Uint8Array(8)), "m")).toBeNull();
    expect(wholeNumbers(longs(Array.from({ length: 65 }, () => 0)), "m")).toBeNull();
  });
});
