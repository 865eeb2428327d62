// A member of a tar archive as bytes: a POSIX ustar header, the contents, and zeros up to a whole block. Owner, time and rights are always the
// same, so the same files give the same archive.
import { tarBlockBytes } from "./tar-header.ts";

const padded = (bytes: number): number => Math.ceil(bytes / tarBlockBytes) * tarBlockBytes;

/** What a member of so many bytes takes in an archive. */
export const tarEntryBytes = (contentBytes: number): number => tarBlockBytes + padded(contentBytes);

/** The two blocks of zeros behind the last member. */
export const tarEnd: Uint8Array = new Uint8Array(2 * tarBlockBytes);

/** `name` has at most 100 ASCII characters; contents of at most 8 GiB. */
export const tarEntry = (name: string, contents: Uint8Array): readonly Uint8Array[] => {
  if (!/^[\x21-\x7e]{1,100}$/.test(name)) throw new RangeError(`"${name}" is no name for a member of a tar archive`);
  const header = new Uint8Array(tarBlockBytes);
  const write = (text: string, at: number): void => header.set(new TextEncoder().encode(text), at);
  const octal = (value: number, digits: number): string => value.toString(8).padStart(digits, "0");
  write(name, 0);
  write(`${octal(0o644, 7)}\0${octal(0, 7)}\0${octal(0, 7)}\0`, 100); // rights, user, group
  write(`${octal(contents.length, 11)}\0${octal(0, 11)}\0`, 124); // size, time
  write("        0", 148); // the checksum counts as spaces; an ordinary file
  write("ustar\x0000", 257);
  const checksum = header.reduce((sum, byte) => sum + byte, 0);
  write(`${octal(checksum, 6)}\0 `, 148);
  return [header, contents, new Uint8Array(padded(contents.length) - contents.length)];
};
