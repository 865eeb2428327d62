import { expect, test } from "vitest";
import { startsAsOnnx } from "./starts-as-onnx.ts";

test("startsAsOnnx(start) knows a model by the version of its format and the field after it", () => {
  const text = (value: string): readonly number[] => [...value].map((letter) => letter.charCodeAt(0));
  expect(startsAsOnnx(Uint8Array.of(8, 8, 0x12, 7, ...text("pytorch")))).toBe(true);
  expect(startsAsOnnx(Uint8Array.of(8, 4, 0x3a, 9))).toBe(true);
  // A safetensors header of 0x120808 bytes, a pickle, a zip, JSON, nothing.
  expect(startsAsOnnx(Uint8Array.of(8, 8, 0x12, 0, 0, 0, 0, 0, ...text('{"a"')))).toBe(false);
  expect(startsAsOnnx(Uint8Array.of(0x80, 2))).toBe(false);
  expect(startsAsOnnx(Uint8Array.from(text("PK\x03\x04")))).toBe(false);
  expect(startsAsOnnx(Uint8Array.from(text('{"format"')))).toBe(false);
  expect(startsAsOnnx(new Uint8Array(0))).toBe(false);
});
