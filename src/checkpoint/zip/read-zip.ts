// Zip archives in memory: the directory at the end, and each entry's bytes, checked against its checksum. Stored entries are views of
// the archive. No entry overlaps another, so that what can come out is bounded by what is there (APPNOTE.TXT 6.3.10, sections 4.3 ff.).
import { inflateSync } from "fflate";
import { FormatError } from "../../base/errors.ts";
import { crc32 } from "./crc32.ts";

export interface ZipEntry {
  readonly name: string;
  /** 0: stored; 8: deflated. */
  readonly method: number;
  readonly isEncrypted: boolean;
  readonly crc: number;
  readonly storedBytes: number;
  /** Bytes once inflated. */
  readonly bytes: number;
  /** Where its local header stands. */
  readonly headerStart: number;
}

export interface Zip {
  readonly entries: ReadonlyMap<string, ZipEntry>;
  /** The byte of the archive at which an entry's content starts, deflated or not. */
  contentStart(entry: ZipEntry): number;
  /** The bytes of an entry. Throws FormatError when they are not what the directory says. */
  read(entry: ZipEntry): Uint8Array;
}

/** Deflate's best: a match of 258 bytes in two bits. */
const deflateRatio = 1032;
const [localSignature, entrySignature, endSignature] = [0x04034b50, 0x02014b50, 0x06054b50];
const [locatorSignature, largeEndSignature, largeExtra] = [0x07064b50, 0x06064b50, 1];
const [localBytes, entryBytes, endBytes, locatorBytes, largeEndBytes] = [30, 46, 22, 20, 56];

export const startsAsZip = (start: Uint8Array): boolean =>
  start[0] === 0x50 && start[1] === 0x4b && start[2] === 3 && start[3] === 4;

/** Reads the directory of an archive; `file` is what errors call it. Throws FormatError. */
export const readZip = (archive: Uint8Array, file: string): Zip => {
  const view = new DataView(archive.buffer, archive.byteOffset, archive.length);
  const fail = (problem: string, byteOffset: number): never => {
    throw new FormatError(file, problem, byteOffset);
  };
  const u16 = (at: number): number => view.getUint16(at, true);
  const u32 = (at: number): number => view.getUint32(at, true);
  const u64 = (at: number): number => Number(view.getBigUint64(at, true));
  const name = (at: number, length: number): string => {
    try {
      return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(archive.subarray(at, at + length));
    } catch {
      return fail("a name in the zip directory is not UTF-8", at);
    }
  };

  const { start, end, count } = findDirectory(archive, u16, u32, u64, fail);
  const entries = new Map<string, ZipEntry>();
  let at = start;
  for (let i = 0; i < count; i++) {
    if (at + entryBytes > end || u32(at) !== entrySignature) {
      fail(`the zip directory should have ${count} entries but breaks off after ${i}`, at);
    }
    const [nameBytes, extraBytes, commentBytes] = [u16(at + 28), u16(at + 30), u16(at + 32)];
    const next = at + entryBytes + nameBytes + extraBytes + commentBytes;
    if (next > end) fail(`entry ${i} of the zip directory reaches beyond it`, at);
    const [storedBytes, bytes, headerStart] = largeFields(
      [u32(at + 20), u32(at + 24), u32(at + 42)],
      at + entryBytes + nameBytes,
      extraBytes,
    );
    const entry: ZipEntry = {
      name: name(at + entryBytes, nameBytes),
      method: u16(at + 10),
      isEncrypted: (u16(at + 8) & 1) === 1,
      crc: u32(at + 16),
      storedBytes,
      bytes,
      headerStart,
    };
    if (entries.has(entry.name)) fail(`the zip directory has ${JSON.stringify(entry.name)} twice`, at);
    entries.set(entry.name, entry);
    at = next;
  }

  /** Sizes of all ones stand in an extra field of 64-bit numbers, in this order, those only. */
  function largeFields(fields: [number, number, number], extraStart: number, extraBytes: number): typeof fields {
    if (!fields.includes(0xffffffff)) return fields;
    const extraEnd = extraStart + extraBytes;
    for (let extra = extraStart; extra + 4 <= extraEnd; extra += 4 + u16(extra + 2)) {
      if (u16(extra) !== largeExtra) continue;
      let field = extra + 4;
      const last = Math.min(field + u16(extra + 2), extraEnd);
      const read = (value: number): number => {
        if (value !== 0xffffffff) return value;
        if (field + 8 > last) return fail("a zip64 field is too short", extra);
        field += 8;
        return u64(field - 8);
      };
      return [read(fields[0]), read(fields[1]), read(fields[2])];
    }
    return fail("an entry of the zip directory lacks its zip64 field", extraStart);
  }

  let free = 0; // the first byte that no entry has claimed so far
  for (const entry of [...entries.values()].toSorted((a, b) => a.headerStart - b.headerStart)) {
    const quoted = JSON.stringify(entry.name);
    if (entry.headerStart < free) fail(`zip entry ${quoted} overlaps the one before it`, entry.headerStart);
    free = entry.headerStart + localBytes + entry.storedBytes;
    if (!(free <= start)) fail(`zip entry ${quoted} reaches beyond the entries; is the file cut short?`, start);
  }

  const refuserOf =
    ({ name, headerStart }: ZipEntry): ((problem: string) => never) =>
    (problem) =>
      fail(`zip entry ${JSON.stringify(name)} ${problem}`, headerStart);

  const contentStart = (entry: ZipEntry): number => {
    const { headerStart } = entry;
    const refuse = refuserOf(entry);
    if (u32(headerStart) !== localSignature) refuse("isn't where the directory says");
    const [nameBytes, extraBytes] = [u16(headerStart + 26), u16(headerStart + 28)];
    const dataStart = headerStart + localBytes + nameBytes + extraBytes;
    if (dataStart + entry.storedBytes > start) refuse("reaches into the zip directory");
    if (name(headerStart + localBytes, nameBytes) !== entry.name) refuse("has another name in the directory");
    return dataStart;
  };

  const read = (entry: ZipEntry): Uint8Array => {
    const refuse = refuserOf(entry);
    const dataStart = contentStart(entry);
    if (entry.isEncrypted) refuse("is encrypted");
    const stored = archive.subarray(dataStart, dataStart + entry.storedBytes);
    const content = unpack(stored, entry.method, entry.bytes, refuse);
    if (crc32(content) !== entry.crc) refuse("is damaged: its checksum differs");
    return content;
  };
  return { entries, contentStart, read };
};

const unpack = (stored: Uint8Array, method: number, bytes: number, refuse: (problem: string) => never): Uint8Array => {
  if (method === 0) {
    return stored.length === bytes ? stored : refuse(`is stored in ${stored.length} bytes but has ${bytes}`);
  }
  if (method !== 8) return refuse(`is compressed by method ${method}; stored and deflated entries can be read`);
  if (!(bytes <= stored.length * deflateRatio)) {
    return refuse(`claims ${bytes} bytes, more than its ${stored.length} deflated ones can hold`);
  }
  let content: Uint8Array;
  try {
    content = inflateSync(stored, { out: new Uint8Array(bytes) });
  } catch {
    return refuse("is damaged: it doesn't inflate");
  }
  return content.length === bytes ? content : refuse(`inflates to ${content.length} bytes, not ${bytes}`);
};

const findDirectory = (
  archive: Uint8Array,
  u16: (at: number) => number,
  u32: (at: number) => number,
  u64: (at: number) => number,
  fail: (problem: string, byteOffset: number) => never,
): { readonly start: number; readonly end: number; readonly count: number } => {
  let at = archive.length - endBytes;
  // A comment of at most 65,535 bytes may follow; it must reach to the end of the file.
  const earliest = Math.max(0, at - 0xffff);
  while (at >= earliest && !(u32(at) === endSignature && at + endBytes + u16(at + 20) === archive.length)) at--;
  if (at < earliest) return fail("the zip directory at the end is missing; is the file cut short?", archive.length);
  let [count, bytes, start] = [u16(at + 10), u32(at + 12), u32(at + 16)];
  let end = at;
  const locator = at - locatorBytes;
  if (locator >= 0 && u32(locator) === locatorSignature) {
    const large = u64(locator + 8);
    if (!(large + largeEndBytes <= locator) || u32(large) !== largeEndSignature) {
      return fail("the zip64 end of the directory isn't where its locator says", locator);
    }
    [count, bytes, start, end] = [u64(large + 32), u64(large + 40), u64(large + 48), large];
  } else if (count === 0xffff || bytes === 0xffffffff || start === 0xffffffff) {
    return fail("the archive is so large that it needs a zip64 directory, which is missing", at);
  }
  if (!(start + bytes <= end)) return fail(`the zip directory should end at byte ${start + bytes}`, at);
  return { start, end: start + bytes, count };
};
