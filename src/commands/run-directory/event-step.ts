// Reading the step of an event, which is all that cutting an event file back takes.
import { fieldKey, fixed32, fixed64, lengthDelimited, varint } from "./event-fields.ts";

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
    const key = readVarint();
    const wireType = key % 8;
    if (wireType === varint) {
      const value = readVarint();
      if (key === fieldKey(2, varint)) step = value;
    } else if (wireType === fixed64) position += 8;
    else if (wireType === fixed32) position += 4;
    else if (wireType === lengthDelimited) {
      const length = readVarint(); // moves `position`, so it can't stand inside the sum
      position += length;
    } else return null;
  }
  return position === event.length && Number.isSafeInteger(step) ? step : null;
};
