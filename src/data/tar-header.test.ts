import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { FormatError } from "../base/errors.ts";
import { tarEnd, tarEntry, tarEntryBytes } from "./tar-entry.ts";
import { readPaxRecords, readTarHeader } from "./tar-header.ts";

const headerOf = (name: string, contents = new Uint8Array(5)): Uint8Array => tarEntry(name, contents)[0]!;

/** A header with other bytes at a place, and its checksum made right again. */
const changed = (at: number, bytes: Uint8Array | string): Uint8Array => {
  const header = headerOf("a.png").slice();
  header.set(typeof bytes === "string" ? new TextEncoder().encode(bytes) : bytes, at);
  header.fill(0x20, 148, 156);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.set(new TextEncoder().encode(`${sum.toString(8).padStart(6, "0")}\0 `), 148);
  return header;
};

describe("readTarHeader(block, file, at)", () => {
  test("reads what tarEntry writes", () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[a-z0-9/._-]{1,100}$/), fc.uint8Array({ maxLength: 2000 }), (name, contents) => {
        const [header, ...rest] = tarEntry(name, contents);
        expect(readTarHeader(header!, "f", 0)).toEqual({
          name,
          size: contents.length,
          hasContents: true,
          kind: "file",
        });
        expect(512 + rest.reduce((sum, part) => sum + part.length, 0)).toBe(tarEntryBytes(contents.length));
      }),
    );
  });
  test("knows the end, long names, pax records, links and folders", () => {
    expect(readTarHeader(tarEnd.subarray(0, 512), "f", 0)).toBeNull();
    expect(readTarHeader(changed(156, "L"), "f", 0)?.kind).toBe("long name");
    expect(readTarHeader(changed(156, "x"), "f", 0)?.kind).toBe("pax");
    expect(readTarHeader(changed(156, "\0"), "f", 0)?.kind).toBe("file");
    for (const type of ["1", "2", "5"]) {
      expect(readTarHeader(changed(156, type), "f", 0)).toEqual({
        name: "a.png",
        size: 0,
        hasContents: false,
        kind: "other",
      });
    }
    expect(readTarHeader(changed(345, "some/folder"), "f", 0)?.name).toBe("some/folder/a.png");
  });
  test("reads sizes of base 256", () => {
    expect(readTarHeader(changed(124, Uint8Array.of(0x80, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 1)), "f", 0)?.size).toBe(
      2 ** 33 + 1,
    );
  });
  test("refuses a wrong checksum, and sizes that are none, with the place", () => {
    const wrong = headerOf("a").slice();
    wrong[3] = 1;
    expect(() => readTarHeader(wrong, "t.tar", 1024)).toThrow(
      "t.tar: is no tar archive, or damaged: the checksum of a member's header is wrong (at byte 1024)",
    );
    for (const size of ["9z", Uint8Array.of(0x80, ...new Uint8Array(11).fill(255)), "-0000000005"]) {
      expect(() => readTarHeader(changed(124, size), "t.tar", 0)).toThrow(
        "t.tar: a member's header has no size that can be read (at byte 0)",
      );
    }
  });
  test("refuses names that it can't write", () => {
    expect(() => tarEntry("a b", tarEnd)).toThrow('"a b" is no name for a member of a tar archive');
    expect(() => tarEntry("a".repeat(101), tarEnd)).toThrow("is no name");
  });
});

describe("readPaxRecords(bytes, file, at)", () => {
  const records = (text: string) => readPaxRecords(new TextEncoder().encode(text), "t.tar", 512);
  test("reads path and size", () => {
    expect(records("18 path=größe/a\n12 size=345\n8 uid=1\n")).toEqual({ name: "größe/a", size: 345 });
  });
  test.each(["", "0 path=a\n", "99 path=a\n", "path=a\n", "3 \n\n\n"])("never goes on for ever: %j", (text) => {
    try {
      records(text);
    } catch (error) {
      expect(error).toBeInstanceOf(FormatError);
    }
  });
  test("refuses a size that is none", () => {
    expect(() => records("11 size=-5\n")).toThrow('t.tar: a member\'s size is "-5" (at byte 512)');
  });
});
