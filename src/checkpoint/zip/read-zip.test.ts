import { deflateSync, zipSync } from "fflate";
import { describe, expect, test } from "vitest";
import { FormatError, UsageError } from "../../base/errors.ts";
import { crc32 } from "./crc32.ts";
import { readZip } from "./read-zip.ts";
import { zipParts } from "./zip-parts.ts";

const joined = (parts: readonly Uint8Array[]): Uint8Array => new Uint8Array(Buffer.concat(parts));
const text = (value: string): Uint8Array => new TextEncoder().encode(value);
const contents = (archive: Uint8Array): ReadonlyMap<string, Uint8Array> => {
  const zip = readZip(archive, "m.zip");
  return new Map([...zip.entries.values()].map((entry) => [entry.name, new Uint8Array(zip.read(entry))]));
};
const refusal = (archive: Uint8Array): string => {
  try {
    contents(archive);
  } catch (error) {
    if (error instanceof FormatError) return error.message;
    throw error;
  }
  return "read";
};
/** Where a signature of four bytes stands for the last time. */
const last = (archive: Uint8Array, signature: number): number => {
  const view = new DataView(archive.buffer);
  let at = archive.length - 4;
  while (view.getUint32(at, true) !== signature) at--;
  return at;
};
const changed = (archive: Uint8Array, change: (view: DataView) => void): Uint8Array => {
  const copy = new Uint8Array(archive);
  change(new DataView(copy.buffer));
  return copy;
};

const content = [
  ["a/größe", text("stored")],
  ["empty", new Uint8Array(0)],
  ["b", new Uint8Array(1000).fill(7)],
] as const;
const archive = joined(zipParts(content));

describe("crc32(bytes)", () => {
  test("is the published checksum of 123456789, at every length as bit by bit", () => {
    expect(crc32(text("123456789"))).toBe(0xcbf43926);
    const bytes = Uint8Array.from({ length: 40 }, (_, i) => i * 37);
    for (let length = 0; length <= 40; length++) {
      let crc = 0xffffffff;
      for (const byte of bytes.subarray(0, length)) {
        crc ^= byte;
        for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
      }
      expect(crc32(bytes.subarray(0, length))).toBe(~crc >>> 0);
    }
  });
});

describe("zipParts(content)", () => {
  test("writes what readZip(archive, file) reads, in order, each entry at a multiple of 64 bytes, stored as a view", () => {
    expect([...contents(archive)]).toEqual(content.map(([name, bytes]) => [name, new Uint8Array(bytes)]));
    const zip = readZip(archive, "m");
    for (const entry of zip.entries.values()) {
      expect(zip.read(entry).byteOffset % 64).toBe(0);
      expect(zip.read(entry).buffer).toBe(archive.buffer);
    }
  });

  test("leaves large content where it lies", () => {
    expect(zipParts(content)).toContain(content[2][1]);
  });

  test("refuses more entries than the format holds without zip64", () => {
    const many = Array.from({ length: 65_535 }, (_, i) => [String(i), new Uint8Array(0)] as const);
    expect(() => zipParts(many)).toThrow(UsageError);
    expect(() => zipParts(many)).toThrow(
      /^65535 tensors in \d+ bytes are too many for a zip archive; write .safetensors$/,
    );
    expect(() => zipParts([["\ud800", new Uint8Array(0)]])).toThrow(
      `a zip archive can't hold an entry named "\\ud800"; rename it`,
    );
  });
});

describe("readZip(archive, file)", () => {
  test("inflates what another writer has deflated", () => {
    const bytes = Uint8Array.from({ length: 5000 }, (_, i) => i % 50);
    expect(contents(zipSync({ "x.npy": bytes, y: new Uint8Array(0) })).get("x.npy")).toEqual(bytes);
  });

  const end = last(archive, 0x06054b50);
  const entry = last(archive, 0x02014b50);
  const deflated = zipSync({ x: new Uint8Array(5000) });
  const deflatedEntry = last(deflated, 0x02014b50);
  test.each([
    ["nothing", new Uint8Array(0), "the zip directory at the end is missing; is the file cut short? (at byte 0)"],
    [
      "a cut file",
      archive.subarray(0, -1),
      `the zip directory at the end is missing; is the file cut short? (at byte ${archive.length - 1})`,
    ],
    [
      "a directory that isn't there",
      changed(archive, (view) => view.setUint32(end + 16, 5, true)),
      "the zip directory should have 3 entries but breaks off after 0 (at byte 5)",
    ],
    [
      "a directory beyond the end",
      changed(archive, (view) => view.setUint32(end + 12, 1e9, true)),
      `the zip directory should end at byte ${new DataView(archive.buffer).getUint32(end + 16, true) + 1e9} (at byte ${end})`,
    ],
    [
      "too few entries",
      changed(archive, (view) => view.setUint16(end + 10, 9, true)),
      `the zip directory should have 9 entries but breaks off after 3 (at byte ${end})`,
    ],
    [
      "an entry whose bytes changed",
      changed(archive, (view) => view.setUint8(64, 0)),
      'zip entry "a/größe" is damaged: its checksum differs (at byte 0)',
    ],
    [
      "an encrypted entry",
      changed(archive, (view) => view.setUint8(entry + 8, 1)),
      /^m\.zip: zip entry "b" is encrypted/,
    ],
    [
      "another method",
      changed(archive, (view) => view.setUint8(entry + 10, 14)),
      /zip entry "b" is compressed by method 14; stored and deflated entries can be read \(at byte/,
    ],
    [
      "an entry that is beyond the file",
      changed(archive, (view) => view.setUint32(entry + 42, 2 ** 30, true)),
      /zip entry "b" reaches beyond the entries; is the file cut short\?/,
    ],
    [
      "entries that overlap",
      changed(archive, (view) => view.setUint32(entry + 42, 20, true)),
      'zip entry "b" overlaps the one before it (at byte 20)',
    ],
    [
      "zip64 without its directory",
      changed(archive, (view) => view.setUint32(end + 16, 0xffffffff, true)),
      `the archive is so large that it needs a zip64 directory, which is missing (at byte ${end})`,
    ],
    [
      "a size in a zip64 field that isn't there",
      changed(archive, (view) => view.setUint32(entry + 24, 0xffffffff, true)),
      /an entry of the zip directory lacks its zip64 field/,
    ],
    [
      "a bomb",
      changed(deflated, (view) => view.setUint32(deflatedEntry + 24, 2 ** 31, true)),
      /zip entry "x" claims 2147483648 bytes, more than its \d+ deflated ones can hold \(at byte 0\)/,
    ],
    [
      "a wrong size of what is deflated",
      changed(deflated, (view) => view.setUint32(deflatedEntry + 24, 5001, true)),
      'zip entry "x" inflates to 5000 bytes, not 5001 (at byte 0)',
    ],
    [
      "damage to what is deflated",
      changed(deflated, (view) => view.setUint8(31, 0xff)),
      'zip entry "x" is damaged: it doesn\'t inflate (at byte 0)',
    ],
  ])("refuses %s", (_, bytes, message) => {
    if (typeof message === "string") expect(refusal(bytes)).toBe(`m.zip: ${message}`);
    else expect(refusal(bytes)).toMatch(message);
  });

  test("refuses a name twice, and one that isn't UTF-8", () => {
    const twice = changed(archive, (view) => {
      const [name, other] = [last(archive, 0x02014b50) + 46, 0x61];
      view.setUint8(name, other);
    });
    expect(refusal(twice)).toMatch(/zip entry "a" has another name in the directory/);
    const double = joined(
      zipParts([
        ["x", text("1")],
        ["x", text("2")],
      ]),
    );
    expect(refusal(double)).toMatch(/the zip directory has "x" twice \(at byte/);
    expect(refusal(changed(archive, (view) => view.setUint8(entry + 46, 0xff)))).toMatch(
      /a name in the zip directory is not UTF-8/,
    );
  });

  test("reads zip64 directories, sizes and offsets", () => {
    // One entry whose sizes and offset stand in the extra field, behind it the zip64 end and its locator.
    const [body, name] = [text("64 bits"), text("n")];
    const fields = (...all: readonly (readonly [2 | 4 | 8, number])[]): Uint8Array => {
      const bytes = new Uint8Array(all.reduce((sum, [size]) => sum + size, 0));
      let at = 0;
      for (const [size, value] of all) for (let i = 0; i < size; i++) bytes[at++] = Math.floor(value / 256 ** i) % 256;
      return bytes;
    };
    const ones = 0xffffffff;
    const common = [
      [2, 45],
      [2, 0],
      [2, 0],
      [4, 0],
      [4, crc32(body)],
    ] as const;
    const local = fields([4, 0x04034b50], ...common, [4, 7], [4, 7], [2, 1], [2, 0]);
    const extra = fields([2, 9], [2, 1], [2, 0], [2, 1], [2, 24], [8, 7], [8, 7], [8, 0]).subarray(0);
    const odd = new Uint8Array([...extra.subarray(0, 4), 0, ...extra.subarray(6)]); // a field of one byte comes first
    const start = local.length + 8;
    const central = fields(
      [4, 0x02014b50],
      [2, 45],
      ...common,
      [4, ones],
      [4, ones],
      [2, 1],
      [2, odd.length],
      [2, 0],
      [2, 0],
      [2, 0],
      [4, 0],
      [4, ones],
    );
    const size = central.length + 1 + odd.length;
    const large = fields(
      [4, 0x06064b50],
      [8, 44],
      [2, 45],
      [2, 45],
      [4, 0],
      [4, 0],
      [8, 1],
      [8, 1],
      [8, size],
      [8, start],
    );
    const locator = fields([4, 0x07064b50], [4, 0], [8, start + size], [4, 1]);
    const tail = fields([4, 0x06054b50], [2, 0], [2, 0], [2, 0xffff], [2, 0xffff], [4, ones], [4, ones], [2, 0]);
    const whole = joined([local, name, body, central, name, odd, large, locator, tail]);
    expect([...contents(whole)]).toEqual([["n", body]]);
    const lost = changed(whole, (view) => view.setUint8(whole.length - 22 - 12, 1));
    expect(refusal(lost)).toMatch(/the zip64 end of the directory isn't where its locator says/);
  });

  test("never writes more than the directory says, however much a stream holds", () => {
    const bomb = deflateSync(new Uint8Array(10_000_000));
    expect(bomb.length).toBeLessThan(20_000);
    const small = changed(zipSync({ x: new Uint8Array(10_000_000) }), () => {});
    const at = last(small, 0x02014b50);
    expect(refusal(changed(small, (view) => view.setUint32(at + 24, 10, true)))).toMatch(/its checksum differs/);
  });
});
