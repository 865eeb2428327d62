import { createHash } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { FormatError } from "../../base/errors.ts";
import { encodeIdx } from "../idx.test.fixture.ts";
import { readIdx } from "../idx.ts";
import { readIdxFile } from "./read-idx-file.ts";
import { temporaryDirectory } from "./temporary-directory.test.fixture.ts";

const content = encodeIdx(
  [100, 40],
  Uint8Array.from({ length: 4000 }, (_, i) => (i * i) % 251),
);

const fileOf = async (bytes: Uint8Array): Promise<string> => {
  const path = join(await temporaryDirectory(), "f.gz");
  await writeFile(path, bytes);
  return path;
};

describe("readIdxFile(path)", () => {
  test.each([
    ["a plain", content],
    ["a gzip", gzipSync(content)],
  ])("reads %s file, and its contents' SHA-256", async (_, bytes) => {
    const read = await readIdxFile(await fileOf(bytes));
    expect(Buffer.from(read.bytes).equals(content)).toBe(true);
    expect(read.sha256).toBe(createHash("sha256").update(content).digest("hex"));
  });

  test("refuses a gzip file that inflates to more than its IDX header says, without inflating it", async () => {
    // 300 MB of zeros in 300 kB, behind a header that announces one element.
    const bomb = gzipSync(Buffer.concat([encodeIdx([1], [7]), Buffer.alloc(300_000_000)]), { level: 1 });
    const path = await fileOf(bomb);
    const before = process.memoryUsage().rss;
    await expect(readIdxFile(path)).rejects.toThrow(`${path}: inflates to more than its IDX header says (at byte 9)`);
    expect(process.memoryUsage().rss - before).toBeLessThan(100_000_000);
  });

  test("refuses a header that announces more than fits into memory", async () => {
    const path = await fileOf(gzipSync(encodeIdx([0xffffffff], [])));
    await expect(readIdxFile(path)).rejects.toThrow(
      `${path}: takes 4294967303 bytes of memory but at most 2147483647 are read into memory`,
    );
  });

  test("refuses a truncated gzip stream", async () => {
    const whole = gzipSync(content);
    const path = await fileOf(whole.subarray(0, whole.length - 20));
    await expect(readIdxFile(path)).rejects.toThrow(`${path}: the gzip stream is truncated`);
  });

  test("refuses a corrupt gzip stream", async () => {
    const damaged = gzipSync(content);
    damaged[damaged.length - 6]! ^= 0xff; // in the checksum
    const path = await fileOf(damaged);
    await expect(readIdxFile(path)).rejects.toThrow(`${path}: the gzip stream is corrupt: incorrect data check`);
  });

  test("reads or refuses any damaged gzip file", async () => {
    const whole = gzipSync(content);
    const path = await fileOf(whole);
    const damage = fc.tuple(
      fc.nat(whole.length - 1),
      fc.integer({ min: 1, max: 255 }),
      fc.integer({ min: 2, max: whole.length }),
    );
    await fc.assert(
      fc.asyncProperty(damage, async ([at, mask, length]) => {
        const damaged = Uint8Array.from(whole);
        damaged[at]! ^= mask;
        await writeFile(path, damaged.subarray(0, length));
        try {
          const { file, bytes } = await readIdxFile(path);
          readIdx(file, bytes);
        } catch (error) {
          expect(error).toBeInstanceOf(FormatError);
        }
      }),
      { numRuns: 300 },
    );
  });
});
