import { describe, expect, test } from "vitest";
import { FormatError } from "../base/errors.ts";
import { entry, fileOf } from "./safetensors.test.fixture.ts";
import { readTensors } from "./safetensors.ts";

const refusal = (bytes: Uint8Array): string => {
  try {
    readTensors(bytes, "m.safetensors");
  } catch (error) {
    if (error instanceof FormatError) return error.message;
    throw error;
  }
  return "read";
};

describe("readTensors(bytes, file) of a damaged or hostile file", () => {
  const f32 = (name: string, begin: number, end: number) => entry(name, "F32", [(end - begin) / 4], [begin, end]);
  test.each([
    [
      "an empty file",
      new Uint8Array(0),
      "0 bytes are too few for a safetensors file, which starts with 8 bytes (at byte 0)",
    ],
    [
      "a header beyond the file",
      fileOf("{}", 0, 3),
      "the header should have 3 bytes but the file ends after 10 (at byte 0)",
    ],
    [
      "a header beyond 100 MB",
      fileOf("{}", 0, 100_000_001),
      "the header should have 100000001 bytes, more than the 100 MB that are allowed (at byte 0)",
    ],
    ["no header", fileOf(""), 'a safetensors header starts with "{" (at byte 8)'],
    ["an array", fileOf("[]"), 'a safetensors header starts with "{" (at byte 8)'],
    ["no JSON", fileOf("{a}"), "the header is not valid JSON in UTF-8 (at byte 8)"],
    ["no UTF-8", fileOf("{}").fill(0xff, 9), "the header is not valid JSON in UTF-8 (at byte 8)"],
    [
      "a name twice",
      fileOf(`{${f32("ö", 0, 4)},${f32("ö", 4, 8)}}`, 8),
      'the name "ö" occurs twice in the header (at byte 63)',
    ],
    [
      "an entry that is no object",
      fileOf('{"a":3}'),
      'tensor "a" should be described by an object but is 3 (at byte 9)',
    ],
    [
      "an unread dtype",
      fileOf(`{${entry("fc.bias", "F8_E4M3", [2], [0, 2])}}`, 2),
      'tensor "fc.bias" has dtype "F8_E4M3"; what can be read is F64, F32, F16, BF16, I64, I32, I16, I8, U8, BOOL (at byte 9)',
    ],
    [
      "a dtype that every object has",
      fileOf(`{${entry("a", "constructor", [1], [0, 4])}}`, 4),
      'tensor "a" has dtype "constructor"; what can be read is F64, F32, F16, BF16, I64, I32, I16, I8, U8, BOOL (at byte 9)',
    ],
    [
      "a negative size",
      fileOf(`{${entry("a", "F32", [-1], [0, 4])}}`, 4),
      'tensor "a" has shape [-1]; a shape is at most 64 whole numbers (at byte 9)',
    ],
    [
      "offsets that aren't whole",
      fileOf(`{${entry("a", "F32", [1], [0.5, 4.5])}}`, 5),
      'tensor "a" has data_offsets [0.5,4.5]; they are two whole numbers (at byte 9)',
    ],
    [
      "a shape that needs other bytes",
      fileOf(`{${entry("a", "F32", [2, 3], [0, 20])}}`, 20),
      'tensor "a" [2, 3] of F32 takes 24 bytes but has 20 (at byte 9)',
    ],
    [
      "a shape beyond every memory",
      fileOf(`{${entry("a", "F32", [2 ** 52, 2 ** 52], [0, 0])}}`),
      'tensor "a" [4503599627370496, 4503599627370496] of F32 takes 8.112963841460668e+31 bytes but has 0 (at byte 9)',
    ],
    [
      "an overlap",
      fileOf(`{${f32("a", 0, 8)},${f32("b", 4, 12)}}`, 12),
      'tensor "b" overlaps the one before it: it begins at byte 4 of the data, not 8 (at byte 62)',
    ],
    [
      "a gap",
      fileOf(`{${f32("a", 0, 4)},${f32("b", 8, 12)}}`, 12),
      'tensor "b" leaves a gap after the one before it: it begins at byte 8 of the data, not 4 (at byte 62)',
    ],
    [
      "a tensor beyond the end",
      fileOf(`{${f32("a", 0, 4)}}`, 3),
      'tensor "a" ends at byte 4 of the data, of which the file has 3; is it cut short? (at byte 9)',
    ],
    ["bytes too many", fileOf(`{${f32("a", 0, 4)}}`, 6), "2 bytes after the last tensor belong to none (at byte 66)"],
    [
      "metadata that isn't text",
      fileOf('{"__metadata__":{"epoch":3}}'),
      '__metadata__ should hold strings but "epoch" is 3 (at byte 9)',
    ],
    ["metadata that isn't an object", fileOf('{"__metadata__":null}'), "__metadata__ should be an object (at byte 9)"],
  ])("refuses %s", (_, bytes, message) => {
    expect(refusal(bytes)).toBe(`m.safetensors: ${message}`);
  });

  test("cuts long names in messages", () => {
    expect(refusal(fileOf(`{"${"x".repeat(9999)}":1}`)).length).toBeLessThan(250);
  });

  test("treats a tensor named __proto__ as any other", () => {
    const bytes = fileOf(`{"__metadata__":{"__proto__":"x"},${f32("__proto__", 0, 4)}}`, 4);
    const { tensors, metadata } = readTensors(bytes, "m");
    expect([...tensors.keys()]).toEqual(["__proto__"]);
    expect(Object.entries(metadata)).toEqual([["__proto__", "x"]]);
  });
});
