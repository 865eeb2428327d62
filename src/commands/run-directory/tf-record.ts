// TFRecord framing, in which event files come: u64 length, its masked CRC-32C, the data, their masked CRC-32C,
// all little-endian. Source: tensorflow/core/lib/io/record_writer.h.
import { FormatError } from "../../base/errors.ts";
import { crc32c } from "./crc32c.ts";

const headerBytes = 12;
const footerBytes = 4;

/** A CRC of data that hold CRCs themselves is weak; so the stored one is rotated by 15 bits and moved by a constant. */
const maskedCrc = (bytes: Uint8Array): number => {
  const crc = crc32c(bytes);
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
};

/** The data as a record. */
export const frameRecord = (data: Uint8Array): Uint8Array => {
  const record = new Uint8Array(headerBytes + data.length + footerBytes);
  const view = new DataView(record.buffer);
  view.setBigUint64(0, BigInt(data.length), true);
  view.setUint32(8, maskedCrc(record.subarray(0, 8)), true);
  record.set(data, headerBytes);
  view.setUint32(headerBytes + data.length, maskedCrc(data), true);
  return record;
};

/**
 * The records of a file, in order, with the byte after each. Stops before a record that a kill cut short at the end of
 * the file; throws FormatError for a damaged record that others follow.
 */
export function* framedRecords(bytes: Uint8Array, file: string): Generator<{ data: Uint8Array; end: number }> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  for (let begin = 0; begin + headerBytes <= bytes.length; ) {
    const dataEnd = begin + headerBytes + Number(view.getBigUint64(begin, true));
    const end = dataEnd + footerBytes;
    if (view.getUint32(begin + 8, true) !== maskedCrc(bytes.subarray(begin, begin + 8)) || end > bytes.length) return;
    const data = bytes.subarray(begin + headerBytes, dataEnd);
    if (view.getUint32(dataEnd, true) !== maskedCrc(data)) {
      if (end === bytes.length) return;
      throw new FormatError(file, "a record is damaged: its checksum differs", begin);
    }
    yield { data, end };
    begin = end;
  }
}
