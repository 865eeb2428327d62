// CRC-32 (ISO 3309), the checksum of zip entries. Reflected polynomial 0xedb88320. Four bytes a step ("slicing by 4"): table k moves a
// byte k bytes further along.

const first = Uint32Array.from({ length: 256 }, (_, byte) => {
  let remainder = byte;
  for (let bit = 0; bit < 8; bit++) remainder = (remainder >>> 1) ^ (remainder & 1 ? 0xedb88320 : 0);
  return remainder;
});
const further = (table: Uint32Array): Uint32Array => table.map((crc) => (crc >>> 8) ^ first[crc & 0xff]!);
const second = further(first);
const third = further(second);
const fourth = further(third);

/** The checksum of the bytes, an unsigned 32-bit integer; `before` is the checksum of what came before them. */
export const crc32 = (bytes: Uint8Array, before = 0): number => {
  let crc = ~before;
  const whole = bytes.length - (bytes.length % 4);
  for (let i = 0; i < whole; i += 4) {
    crc ^= bytes[i]! | (bytes[i + 1]! << 8) | (bytes[i + 2]! << 16) | (bytes[i + 3]! << 24);
    crc = fourth[crc & 0xff]! ^ third[(crc >>> 8) & 0xff]! ^ second[(crc >>> 16) & 0xff]! ^ first[crc >>> 24]!;
  }
  for (let i = whole; i < bytes.length; i++) crc = (crc >>> 8) ^ first[(crc ^ bytes[i]!) & 0xff]!;
  return (crc ^ 0xffffffff) >>> 0;
};
