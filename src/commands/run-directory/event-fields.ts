// Fields of TensorBoard's Event message in protocol buffers, by hand, and the frame that every event with a summary has.
// Event { double wall_time = 1; int64 step = 2; string file_version = 3; Summary summary = 5 }
// Summary { repeated Value value = 1 }. Source: tensorboard event.proto and summary.proto.

export const varint = 0;
export const fixed64 = 1;
export const lengthDelimited = 2;
export const fixed32 = 5;

/** A whole number in 7-bit groups, the lowest first. Division, not shifts: steps may exceed 32 bits. */
const encodeVarint = (value: number): number[] => {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes.push((rest % 0x80) | 0x80);
  bytes.push(rest);
  return bytes;
};

export const fieldKey = (field: number, wireType: number): number => (field << 3) | wireType;

const joined = (parts: readonly (Uint8Array | readonly number[])[]): Uint8Array => {
  const result = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    result.set(part, offset);
    offset += part.length;
  }
  return result;
};

const littleEndian = (bytes: number, write: (view: DataView) => void): Uint8Array => {
  const result = new Uint8Array(bytes);
  write(new DataView(result.buffer));
  return result;
};

export const wholeField = (field: number, value: number): Uint8Array =>
  Uint8Array.from([fieldKey(field, varint), ...encodeVarint(value)]);
export const bytesField = (field: number, content: Uint8Array): Uint8Array =>
  joined([[fieldKey(field, lengthDelimited)], encodeVarint(content.length), content]);
export const textField = (field: number, text: string): Uint8Array => bytesField(field, new TextEncoder().encode(text));
export const floatField = (field: number, value: number): Uint8Array =>
  joined([[fieldKey(field, fixed32)], littleEndian(4, (view) => view.setFloat32(0, value, true))]);
export const doubleField = (field: number, value: number): Uint8Array =>
  joined([[fieldKey(field, fixed64)], littleEndian(8, (view) => view.setFloat64(0, value, true))]);
/** `repeated double … [packed = true]`. */
export const doublesField = (field: number, values: readonly number[]): Uint8Array =>
  bytesField(
    field,
    littleEndian(8 * values.length, (view) => {
      for (const [i, value] of values.entries()) view.setFloat64(8 * i, value, true);
    }),
  );

/** A message of these fields. */
export const message = (...fields: readonly Uint8Array[]): Uint8Array => joined(fields);

/** The event that every file starts with; it names the format. `seconds` count from 1970. */
export const versionEvent = (seconds: number): Uint8Array =>
  message(doubleField(1, seconds), textField(3, "brain.Event:2"));

/** An event of these values, each a Value message. `seconds` count from 1970, `step` from 0. */
export const summaryEvent = (seconds: number, step: number, values: readonly Uint8Array[]): Uint8Array =>
  message(
    doubleField(1, seconds),
    wholeField(2, step),
    bytesField(5, message(...values.map((value) => bytesField(1, value)))),
  );
