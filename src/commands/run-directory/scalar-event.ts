// TensorBoard's Event message, the few fields that scalars take, in protocol buffers by hand.
// Event { double wall_time = 1; int64 step = 2; string file_version = 3; Summary summary = 5 }
// Summary { repeated Value value = 1 }, Value { string tag = 1; float simple_value = 2 }. Source: tensorboard event.proto.

const varint = 0;
const fixed64 = 1;
const lengthDelimited = 2;
const fixed32 = 5;

/** A whole number in 7-bit groups, the lowest first. Division, not shifts: steps may exceed 32 bits. */
const encodeVarint = (value: number): number[] => {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes.push((rest % 0x80) | 0x80);
  bytes.push(rest);
  return bytes;
};

const key = (field: number, wireType: number): number => (field << 3) | wireType;

const littleEndian = (bytes: number, write: (view: DataView) => void): Uint8Array => {
  const result = new Uint8Array(bytes);
  write(new DataView(result.buffer));
  return result;
};

const delimited = (field: number, content: Uint8Array | number[]): number[] => [
  key(field, lengthDelimited),
  ...encodeVarint(content.length),
  ...content,
];

const wallTime = (seconds: number): number[] => [
  key(1, fixed64),
  ...littleEndian(8, (view) => view.setFloat64(0, seconds, true)),
];

/** The event that every file starts with; it names the format. `seconds` count from 1970. */
export const versionEvent = (seconds: number): Uint8Array =>
  Uint8Array.from([...wallTime(seconds), ...delimited(3, new TextEncoder().encode("brain.Event:2"))]);

/** One point of each named curve; values are stored in f32. `seconds` count from 1970, `step` from 0. */
export const scalarEvent = (seconds: number, step: number, scalars: Readonly<Record<string, number>>): Uint8Array => {
  const values = Object.entries(scalars).flatMap(([tag, value]) =>
    delimited(1, [
      ...delimited(1, new TextEncoder().encode(tag)),
      key(2, fixed32),
      ...littleEndian(4, (view) => view.setFloat32(0, value, true)),
    ]),
  );
  return Uint8Array.from([...wallTime(seconds), key(2, varint), ...encodeVarint(step), ...delimited(5, values)]);
};

/** The step of an event, 0 where it has none (as the version event); null when the bytes are no event. */
export const eventStep = (event: Uint8Array): number | null => {
  const view = new DataView(event.buffer, event.byteOffset, event.length);
  let position = 0;
  let step = 0;
  const readVarint = (): number => {
    let value = 0;
    for (let scale = 1; position < event.length; scale *= 0x80) {
      const byte = view.getUint8(position++);
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
    }
    return Number.NaN;
  };
  while (position < event.length) {
    const fieldKey = readVarint();
    const wireType = fieldKey % 8;
    if (wireType === varint) {
      const value = readVarint();
      if (fieldKey === key(2, varint)) step = value;
    } else if (wireType === fixed64) position += 8;
    else if (wireType === fixed32) position += 4;
    else if (wireType === lengthDelimited) {
      const length = readVarint(); // moves `position`, so it can't stand inside the sum
      position += length;
    } else return null;
  }
  return position === event.length && Number.isSafeInteger(step) ? step : null;
};
