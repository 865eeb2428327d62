// The members of a tar archive, one after the other, by their headers alone: contents are passed over, and read only where they are asked
// for. Nothing is extracted, so names may be anything.

import { FormatError } from "../../../base/errors.ts";
import { readPaxRecords, readTarHeader, type TarHeader, tarBlockBytes } from "../../tar-header.ts";
import type { ReadAt } from "../file-window.ts";

/** An ordinary file within an archive. */
export interface TarMember {
  readonly name: string;
  /** Where its contents lie in the archive, in bytes. */
  readonly offset: number;
  readonly size: number;
}

/** Names and pax records are read whole, so they are bounded first. */
const largestNameBytes = 2 ** 16;

const inBlocks = (bytes: number): number => Math.ceil(bytes / tarBlockBytes) * tarBlockBytes;

const decoder = new TextDecoder();

/** What a member of kind "pax" or "long name" says of the next one. */
const readRecords = async (
  { kind, size }: TarHeader,
  at: number,
  readAt: ReadAt,
  file: string,
): Promise<{ readonly name?: string; readonly size?: number }> => {
  if (size > largestNameBytes) {
    throw new FormatError(file, `a member's name takes ${size} bytes; at most ${largestNameBytes} are read`, at);
  }
  const bytes = await readAt(at, size);
  if (kind === "pax") return readPaxRecords(bytes, file, at);
  const end = bytes.indexOf(0);
  return { name: decoder.decode(end === -1 ? bytes : bytes.subarray(0, end)) };
};

/**
 * Ordinary files in the order in which they lie; folders, links and other kinds are passed over. Ends at a block of zeros or, where that
 * is missing, at the end of the file. Throws FormatError for a damaged header, and where the archive is cut off.
 */
export async function* tarMembers(readAt: ReadAt, file: string, fileBytes: number): AsyncGenerator<TarMember> {
  let said: { readonly name?: string; readonly size?: number } = {};
  for (let at = 0; at < fileBytes; ) {
    const header = readTarHeader(await readAt(at, tarBlockBytes), file, at);
    if (header === null) return;
    const contents = at + tarBlockBytes;
    if (header.kind === "pax" || header.kind === "long name") {
      said = { ...said, ...(await readRecords(header, contents, readAt, file)) };
      at = contents + inBlocks(header.size);
      continue;
    }
    const { name, size: told } = { name: header.name, size: header.size, ...said };
    const size = header.hasContents ? told : 0; // archivers write records of size for hard links too
    said = {};
    if (contents + size > fileBytes) {
      throw new FormatError(
        file,
        `is cut off: its member ${JSON.stringify(name.slice(0, 200))} has ${size} bytes but ${fileBytes - contents} follow; fetch it again`,
        at,
      );
    }
    if (header.kind === "file") yield { name, offset: contents, size };
    at = contents + inBlocks(size);
  }
}
