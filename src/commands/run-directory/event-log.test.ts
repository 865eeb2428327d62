// Events are read back by a decoder that shares nothing with the encoder: BigInt arithmetic and a bitwise CRC.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { FormatError } from "../../base/errors.ts";
import { eventBytesUpTo, openEventLog } from "./event-log.ts";
import { eventStep } from "./event-step.ts";
import { scalarEvent } from "./summary-events.ts";
import { frameRecord } from "./tf-record.ts";

const slowMaskedCrc = (bytes: Buffer): number => {
  let crc = 0xffffffffn;
  for (const byte of bytes) {
    crc ^= BigInt(byte);
    for (let bit = 0; bit < 8; bit++) crc = crc & 1n ? (crc >> 1n) ^ 0x82f63b78n : crc >> 1n;
  }
  crc ^= 0xffffffffn;
  return Number((((crc >> 15n) | (crc << 17n)) + 0xa282ead8n) & 0xffffffffn);
};
interface DecodedEvent {
  wallTime?: number;
  step?: bigint;
  fileVersion?: string;
  scalars: [tag: string, value: number][];
}
/** [field number, value] of each field of a message: bigint (varint), number (fixed) or Buffer. */
const fields = (message: Buffer): [number, bigint | Buffer][] => {
  const result: [number, bigint | Buffer][] = [];
  let at = 0;
  const varint = (): bigint => {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = message[at++] ?? 0;
      value |= BigInt(byte & 127) << shift;
      if (byte < 128) return value;
    }
  };
  while (at < message.length) {
    const key = Number(varint());
    const bytes = [0, 8, Number.NaN, 0, 0, 4][key & 7] ?? 0;
    if ((key & 7) === 0) result.push([key >> 3, varint()]);
    else {
      const length = Number.isNaN(bytes) ? Number(varint()) : bytes;
      result.push([key >> 3, message.subarray(at, at + length)]);
      at += length;
    }
  }
  return result;
};
const buffer = (value: bigint | Buffer): Buffer => (Buffer.isBuffer(value) ? value : Buffer.alloc(0));
const decode = (content: Buffer): DecodedEvent[] => {
  const events: DecodedEvent[] = [];
  for (let at = 0; at < content.length; ) {
    const length = Number(content.readBigUInt64LE(at));
    const data = content.subarray(at + 12, at + 12 + length);
    expect(content.readUInt32LE(at + 8)).toBe(slowMaskedCrc(content.subarray(at, at + 8)));
    expect(content.readUInt32LE(at + 12 + length)).toBe(slowMaskedCrc(data));
    const event: DecodedEvent = { scalars: [] };
    for (const [field, value] of fields(data)) {
      if (field === 1) event.wallTime = buffer(value).readDoubleLE();
      if (field === 2 && typeof value === "bigint") event.step = value;
      if (field === 3) event.fileVersion = buffer(value).toString();
      if (field === 5) {
        for (const [, scalar] of fields(buffer(value))) {
          const parts = new Map(fields(buffer(scalar)));
          event.scalars.push([buffer(parts.get(1) ?? 0n).toString(), buffer(parts.get(2) ?? 0n).readFloatLE()]);
        }
      }
    }
    events.push(event);
    at += 16 + length;
  }
  return events;
};

let directory = "";
let path = "";
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "residual-events-"));
  path = join(directory, "events.out.tfevents.1.box");
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

describe("openEventLog(path, step, now)", () => {
  test("writes what TensorBoard reads: the version, then scalars by tag", () => {
    const log = openEventLog(path, -1, () => 1_700_000_000_250);
    log.append(1, { "train/loss": 2.5, "train/accuracy": 0.125 });
    log.append(2 ** 40 + 300, { "train/größe": -1 });
    log.close();
    expect(decode(readFileSync(path))).toEqual([
      { wallTime: 1_700_000_000.25, fileVersion: "brain.Event:2", scalars: [] },
      {
        wallTime: 1_700_000_000.25,
        step: 1n,
        scalars: [
          ["train/loss", 2.5],
          ["train/accuracy", 0.125],
        ],
      },
      { wallTime: 1_700_000_000.25, step: 2n ** 40n + 300n, scalars: [["train/größe", -1]] },
    ]);
  });

  test("starts with the twelve bytes that TensorFlow's event files start with", () => {
    openEventLog(path, -1, () => 0).close();
    expect(readFileSync(path).subarray(0, 12).toString("hex")).toBe("1800000000000000a37f4b22");
  });

  test("cuts back to a step and goes on from there", () => {
    const first = openEventLog(path, -1, () => 0);
    for (let step = 1; step <= 200; step++) first.append(step, { loss: step });
    first.close();
    const second = openEventLog(path, 150, () => 0);
    expect(second.droppedBytes).toBeGreaterThan(0);
    second.append(151, { loss: -151 });
    second.close();
    const events = decode(readFileSync(path));
    expect(events.map(({ step }) => step)).toEqual([
      undefined,
      ...Array.from({ length: 151 }, (_, i) => BigInt(i + 1)),
    ]);
    expect(events.at(-1)?.scalars).toEqual([["loss", -151]]);
  });

  test("starts anew when cut back to nothing", () => {
    for (let run = 0; run < 2; run++) {
      const log = openEventLog(path, -1, () => 0);
      log.append(1, { loss: run });
      log.close();
    }
    expect(decode(readFileSync(path)).map(({ scalars }) => scalars)).toEqual([[], [["loss", 1]]]);
  });
});

describe("eventBytesUpTo(content, step, file)", () => {
  const record = (step: number): Uint8Array => frameRecord(scalarEvent(0, step, { loss: 1 }));
  const both = Buffer.concat([record(1), record(2)]);

  test("tolerates a last record that is torn at any byte", () => {
    for (let length = record(1).length; length < both.length; length++) {
      expect(eventBytesUpTo(both.subarray(0, length), 9, "e")).toBe(record(1).length);
    }
    expect(eventBytesUpTo(both, 9, "e")).toBe(both.length);
  });

  test("drops a last record whose checksum differs", () => {
    const damaged = Buffer.from(both);
    damaged[damaged.length - 6]! ^= 1;
    expect(eventBytesUpTo(damaged, 9, "e")).toBe(record(1).length);
  });

  test("refuses a damaged record that others follow", () => {
    const damaged = Buffer.from(both);
    damaged[14]! ^= 1;
    expect(() => eventBytesUpTo(damaged, 9, "e")).toThrow(
      new FormatError("e", "a record is damaged: its checksum differs", 0),
    );
  });

  test("refuses records that hold no event", () => {
    expect(() => eventBytesUpTo(frameRecord(Uint8Array.of(0x0f)), 9, "e")).toThrow(
      new FormatError("e", "a record holds no TensorBoard event", 0),
    );
  });

  test("leaves a file that it refuses as it was", () => {
    const damaged = Buffer.from(both);
    damaged[14]! ^= 1;
    writeFileSync(path, damaged);
    expect(() => openEventLog(path, 0, () => 0)).toThrow(FormatError);
    expect(readFileSync(path)).toEqual(damaged);
  });
});

describe("eventStep(event)", () => {
  test("is the step that the event was made with", () => {
    for (const step of [0, 1, 127, 128, 391 * 200, 2 ** 31, 2 ** 32, Number.MAX_SAFE_INTEGER]) {
      expect(eventStep(scalarEvent(1e9, step, { a: 1, b: 2 }))).toBe(step);
    }
  });

  test("is null for bytes that end inside a field", () => {
    const event = scalarEvent(1e9, 1, { a: 1 });
    expect(eventStep(event.subarray(0, event.length - 1))).toBeNull();
    expect(eventStep(Uint8Array.of(0x10, 0x80))).toBeNull();
  });
});
