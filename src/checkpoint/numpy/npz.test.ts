import { zipSync } from "fflate";
import { describe, expect, test } from "vitest";
import { FormatError, UsageError } from "../../base/errors.ts";
import { type HostTensor, tensor } from "../../base/tensor.ts";
import { readZip } from "../zip/read-zip.ts";
import { zipParts } from "../zip/zip-parts.ts";
import { npyHeader, readNpyHeader } from "./npy-header.ts";
import { isNpz, npzParts, readNpz } from "./npz.ts";

const joined = (parts: readonly Uint8Array[]): Uint8Array => new Uint8Array(Buffer.concat(parts));
const text = (value: string): Uint8Array => new TextEncoder().encode(value);
/** A .npy file with any header text. */
const npy = (header: string, data: Uint8Array, version = 1): Uint8Array => {
  const body = text(header);
  const length = version === 1 ? [body.length & 255, body.length >> 8] : [body.length & 255, body.length >> 8, 0, 0];
  return Uint8Array.from([0x93, ...text("NUMPY"), version, 0, ...length, ...body, ...data]);
};
const readAll = (archive: Uint8Array) => readNpz(readZip(archive, "m.npz"), archive.length, "m.npz");
const read = (array: Uint8Array) => readAll(joined(zipParts([["a.npy", array]]))).get("a");
const refusal = <T>(given: T, readIt: (given: T) => unknown): string => {
  try {
    readIt(given);
  } catch (error) {
    if (error instanceof FormatError) return error.message;
    throw error;
  }
  return "read";
};
const two = new Uint8Array(Float32Array.of(1, -2).buffer);

describe("npzParts(tensors)", () => {
  test("writes what readNpz(zip, fileBytes, file) reads, names of any kind included", () => {
    const tensors = new Map<string, HostTensor>([
      ["layer1.0/größe", tensor("f32", [2, 1], Float32Array.of(1.5, -0))],
      ["", tensor("i32", [], Int32Array.of(-7))],
      ["e", tensor("f64", [0, 3], new Float64Array(0))],
    ]);
    const zip = readZip(joined(npzParts(tensors)), "m");
    expect(isNpz(zip)).toBe(true);
    expect([...readNpz(zip, 1, "m")]).toEqual([...tensors]);
  });

  test("stores f32 as f2 where it is asked to, and refuses bf16", () => {
    const tensors = new Map([["a", tensor("f32", [2], Float32Array.of(1, 1 / 3))]]);
    expect([...(readAll(joined(npzParts(tensors, "f16"))).get("a")?.data ?? [])]).toEqual([1, 0.333251953125]);
    expect(() => npzParts(tensors, "bf16")).toThrow(
      new UsageError("numpy has no bf16; write f32 or f16, or another format"),
    );
  });
});

describe("readNpz(zip, fileBytes, file)", () => {
  const header = (letter: string, size: number) =>
    `{'descr': '|${letter}', 'fortran_order': False, 'shape': (${size},), }`;
  const zeros = (letter: string, size: number) =>
    Buffer.concat([npy(header(letter, size), new Uint8Array(0)), new Uint8Array(size)]);

  test("reads zeros that savez_compressed has made small", () => {
    const archive = zipSync({ "a.npy": zeros("i1", 2 ** 22) });
    expect(archive.length).toBeLessThan(2 ** 14);
    expect(readAll(archive).get("a")?.data.length).toBe(2 ** 22);
  });

  test("refuses a small file whose arrays would take much memory once read", () => {
    const zip = readZip(joined(zipParts([["a.npy", zeros("u1", 2 ** 26 + 1)]])), "m.npz");
    expect(refusal(zip, (large) => readNpz(large, 2 ** 16, "m.npz"))).toBe(
      'm.npz: array "a" brings the tensors to 268435534 bytes, more than 8 times the file\'s 65536 and than 268435456 (at byte 64)',
    );
  });

  test("refuses such a file by its directory, before it is inflated", () => {
    const archive = zipSync({ "a.npy": zeros("u1", 2 ** 16) });
    const claims = { ...readZip(archive, "m.npz"), read: () => expect.fail("is inflated") };
    const entries = new Map([...claims.entries].map(([name, entry]) => [name, { ...entry, bytes: 2 ** 28 + 1 }]));
    expect(refusal({ ...claims, entries }, (zip) => readNpz(zip, archive.length, "m.npz"))).toContain(
      'array "a" brings the tensors to 268435457 bytes',
    );
  });
});

describe("npyHeader(type, shape)", () => {
  test("is numpy's, padded to 64 bytes", () => {
    const header = npyHeader("f32", [3]);
    expect(header.length % 64).toBe(0);
    expect(new TextDecoder().decode(header.subarray(10))).toMatch(
      /^\{'descr': '<f4', 'fortran_order': False, 'shape': \(3,\), \} *\n$/,
    );
    expect(new TextDecoder().decode(npyHeader("i32", []).subarray(10))).toContain("'shape': ()");
  });
});

describe("readNpyHeader(bytes, file, name, fileOffset)", () => {
  test.each([1, 2, 3])(
    "reads version %i, members in any order, quotes of either kind, Python 2's numbers",
    (version) => {
      for (const header of [
        "{'shape': (2L,), 'descr': \"<f4\",'fortran_order': False}\n",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }   ",
      ]) {
        expect(read(npy(header, two, version))).toEqual(tensor("f32", [2], Float32Array.of(1, -2)));
      }
    },
  );

  const header = (descr: string, shape: string) => `{'descr': ${descr}, 'fortran_order': False, 'shape': ${shape}, }`;
  const types = "what can be read is f2, f4, f8, b1, u1, i1, i2, i4, i8";
  test.each([
    ["no array", text("not an array"), `array "a" doesn't start as a .npy file does`],
    ["a version to come", npy("", two, 4), 'array "a" has version 4 of the .npy format; 1 to 3 are known'],
    ["a header beyond the end", npy("{}", two).subarray(0, 11).slice(), `array "a" doesn't start as a .npy file does`],
    [
      "a header of 1 GB",
      Uint8Array.from([...npy("", two, 2).subarray(0, 8), 0, 0, 0, 64]),
      'array "a" has a header of 1073741824 bytes',
    ],
    ["objects", npy(header("'|O'", "(2,)"), two), `array "a" has the type '|O'; ${types}`],
    ["texts", npy(header("'<U4'", "(2,)"), two), `array "a" has the type '<U4'; ${types}`],
    ["complex numbers", npy(header("'<c8'", "(1,)"), two), `array "a" has the type '<c8'; ${types}`],
    ["records", npy(header("[('x', '<f4')]", "(2,)"), two), `array "a" has the type [('x', '<f4')]; ${types}`],
    ["an order that says nothing", npy(header("'|f4'", "(2,)"), two), `array "a" has the type '|f4'; ${types}`],
    ["too few elements", npy(header("'<f4'", "(3,)"), two), `array "a" [3] of '<f4' takes 12 bytes but has 8`],
    ["too many", npy(header("'<f4'", "()"), two), `array "a" [] of '<f4' takes 4 bytes but has 8`],
    [
      "a shape beyond memory",
      npy(header("'<f4'", "(9000000000000000, 9000000000000000)"), two),
      /array "a" \[9000000000000000, 9000000000000000\] of '<f4' takes 3.24e\+32 bytes but has 8/,
    ],
    ["a number for a shape", npy(header("'<f4'", "(2)"), two), /array "a" has the header ".*", which isn't understood/],
    ["a negative size", npy(header("'<f4'", "(-2,)"), two), /which isn't understood/],
    ["a call", npy(`{'descr': open('x'), 'fortran_order': False, 'shape': (2,)}`, two), /which isn't understood/],
    [
      "a member twice",
      npy(`{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': (2,)}`, two),
      /which isn't understood/,
    ],
    ["a member too few", npy(`{'descr': '<f4', 'shape': (2,)}`, two), /which isn't understood/],
    [
      "a member too many",
      npy(`{'descr': '<f4', 'x': 1, 'fortran_order': False, 'shape': (2,)}`, two),
      /which isn't understood/,
    ],
    ["no dict", npy("[]", two), /which isn't understood/],
  ])("refuses %s", (_, bytes, message) => {
    if (typeof message === "string") expect(refusal(bytes, read)).toBe(`m.npz: ${message} (at byte 64)`);
    else expect(refusal(bytes, read)).toMatch(message);
  });

  test("refuses 64-bit integers that don't fit", () => {
    const data = new Uint8Array(BigInt64Array.of(5n, 2n ** 40n).buffer);
    expect(refusal(npy(header("'<i8'", "(2,)"), data), read)).toBe(
      'm.npz: array "a" holds 1099511627776 at 1, more than 32 bits (at byte 64)',
    );
  });

  test("says where the elements start", () => {
    const bytes = npy(header("'>i2'", "(2, 2)"), new Uint8Array(8));
    expect(readNpyHeader(bytes, "m", "a", 0)).toEqual({
      type: "i16",
      isBigEndian: true,
      isFortranOrder: false,
      shape: [2, 2],
      dataStart: bytes.length - 8,
    });
  });
});
