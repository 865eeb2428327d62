import { describe, expect, test } from "vitest";
import { crc32c } from "./crc32c.ts";

describe("crc32c(bytes)", () => {
  test.each([
    ["nothing", new Uint8Array(0), 0],
    ["the digits 1 to 9 (the usual check value)", new TextEncoder().encode("123456789"), 0xe3069283],
    ["32 zeros (RFC 3720, B.4)", new Uint8Array(32), 0x8a9136aa],
    ["32 bytes of ones (RFC 3720, B.4)", new Uint8Array(32).fill(0xff), 0x62a8ab43],
    ["0 to 31 (RFC 3720, B.4)", Uint8Array.from({ length: 32 }, (_, i) => i), 0x46dd794e],
    ["31 to 0 (RFC 3720, B.4)", Uint8Array.from({ length: 32 }, (_, i) => 31 - i), 0x113fdb5c],
  ])("of %s is as published", (_, bytes, expected) => {
    expect(crc32c(bytes)).toBe(expected);
  });
});
