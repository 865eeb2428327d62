import { brotliCompressSync, gzipSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { decompress } from "./decompress.ts";

/** Magic; a frame of one segment, its size in one byte. */
const frame = (size: number): readonly number[] => [0x28, 0xb5, 0x2f, 0xfd, 0x20, size];
const kinds = { raw: 0, repeated: 1, compressed: 2 };
const block = (kind: keyof typeof kinds, size: number): readonly number[] => {
  const header = 1 + 2 * kinds[kind] + 8 * size;
  return [header & 255, (header >> 8) & 255, header >> 16];
};
const hello = [...new TextEncoder().encode("Hello")];

describe("decompress(codec, bytes, length)", () => {
  test("reads each compression", async () => {
    const contents = Uint8Array.from({ length: 1000 }, (_, i) => i % 7);
    const cases = [
      ["UNCOMPRESSED", contents],
      ["GZIP", gzipSync(contents)],
      ["BROTLI", brotliCompressSync(contents)],
    ] as const;
    for (const [codec, bytes] of cases) expect(Uint8Array.from(await decompress(codec, bytes, 1000))).toEqual(contents);
    expect(await decompress("SNAPPY", Uint8Array.of(5, 4 << 2, ...hello), 5)).toEqual(Uint8Array.from(hello));
    expect(await decompress("ZSTD", Uint8Array.of(...frame(5), ...block("raw", 5), ...hello), 5)).toEqual(
      Uint8Array.from(hello),
    );
    const repeated = Uint8Array.of(...frame(200), ...block("repeated", 200), 7);
    expect(await decompress("ZSTD", repeated, 200)).toEqual(new Uint8Array(200).fill(7));
    expect(await decompress("ZSTD", new Uint8Array(0), 0)).toHaveLength(0);
  });

  test("refuses Zstandard that lies about its size, before or while it is decompressed, and damaged data", async () => {
    const whole = Uint8Array.of(...frame(200), ...block("repeated", 200), 7);
    await expect(decompress("ZSTD", whole, 2 ** 28)).rejects.toThrow(
      new RangeError("10 bytes of Zstandard can't hold 268435456"),
    );
    await expect(decompress("ZSTD", whole, 201)).rejects.toThrow(
      new RangeError("it decompresses to 200 bytes, not 201"),
    );
    const damaged = (length: number): RangeError =>
      new RangeError(`the Zstandard data are damaged, or hold more than ${length} bytes`);
    await expect(decompress("ZSTD", whole, 199)).rejects.toThrow(damaged(199));
    await expect(decompress("ZSTD", whole.subarray(0, 8), 200)).rejects.toThrow(damaged(200));
    await expect(decompress("ZSTD", Uint8Array.from(hello), 5)).rejects.toThrow(damaged(5));
    expect(await decompress("ZSTD", whole, 200)).toHaveLength(200); // damage leaves nothing behind
  });

  test("ends at once on a block of 98,046 matches of 65,539 bytes each", async () => {
    const sequences = [0, 255, 255, 255, 0x54, 0, 0, 52, 0, 0, 0, 0, 1];
    const bytes = Uint8Array.of(...frame(255), ...block("compressed", sequences.length), ...sequences);
    await expect(decompress("ZSTD", bytes, 255)).rejects.toThrow("the Zstandard data are damaged");
  });

  test("ends on any bytes", async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 80 }), fc.nat(3000), async (damage, length) => {
        for (const bytes of [damage, Uint8Array.of(...frame(255), ...damage)]) {
          const outcome = await decompress("ZSTD", bytes, length).catch((error: unknown) => error);
          if (!(outcome instanceof Uint8Array)) expect(outcome).toBeInstanceOf(RangeError);
        }
      }),
    );
  });

  test("names the compressions that are read", async () => {
    await expect(decompress("LZO", new Uint8Array(3), 9)).rejects.toThrow(
      new RangeError("its compression LZO is not read; UNCOMPRESSED, SNAPPY, GZIP, BROTLI, ZSTD are"),
    );
  });
});
