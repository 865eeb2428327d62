// Looks at a file before it is used: whether it is a picture that can be read, by its header and its end. What is broken in between
// shows when it is decoded.
import { createHash } from "node:crypto";
import { extname, join } from "node:path";
import { FormatError, UsageError } from "../../../base/errors.ts";
import { systemCode } from "../../../base/file-error.ts";
import { openPicture } from "../decode-picture.ts";
import { decodingMemory, type LargestPicture } from "../decoding-memory.ts";
import { readPictureFile } from "../picture-files.ts";
import { printable } from "../printable.ts";
import { largestFileBytes } from "../stored-picture.ts";
import { useFile } from "../use-file.ts";

/** Formats by the extensions that their files have. */
const formatOfExtension: ReadonlyMap<string, string> = new Map([
  [".jpg", "jpeg"],
  [".jpeg", "jpeg"],
  [".jpe", "jpeg"],
  [".jfif", "jpeg"],
  [".png", "png"],
  [".webp", "webp"],
  [".gif", "gif"],
  [".avif", "avif"],
]);

/** Whether a name says that it is a picture's. */
export const isPictureName = (file: string): boolean => formatOfExtension.has(extname(file).toLowerCase());

export type Probe =
  | {
      readonly kind: "picture";
      /** What the extension lies about; null where it doesn't. */
      readonly actualFormat: string | null;
      /** SHA-256 of the contents, hexadecimal; null where they were not read as a whole. */
      readonly sha256: string | null;
      /** By which the contents are known again: their SHA-256, or that of their ends where they are not read as a whole. */
      readonly identity: string;
      readonly size: LargestPicture;
    }
  | { readonly kind: "broken"; readonly problem: string }
  /** No picture, and doesn't say that it is one. */
  | { readonly kind: "other" };

/** Bytes that are read of a file whose contents are not read as a whole. */
const headBytes = 2 ** 16;
const tailBytes = 2 ** 16;

const sha256Of = (...parts: readonly Buffer[]): string => {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(part);
  return hash.digest("hex");
};

const startsLikePicture = (bytes: Buffer): boolean => {
  const start = bytes.toString("hex", 0, 12);
  // JPEG, PNG, "GIF8", "RIFF" … "WEBP", … "ftypavif".
  return /^(ffd8ff|89504e470d0a1a0a|47494638|52494646.{8}57454250|.{8}6674797061766966)/.test(start);
};

/** Whether a file ends as files of its format do. Some that don't are whole nevertheless: then it is decoded to see. */
const endsWell: { readonly [format: string]: (tail: Buffer, fileBytes: number, head: Buffer) => boolean } = {
  jpeg: (tail) => tail.lastIndexOf(Buffer.from([0xff, 0xd9])) !== -1,
  png: (tail) => tail.lastIndexOf("IEND") !== -1,
  gif: (tail) => tail.at(-1) === 0x3b,
  webp: (_, fileBytes, head) => head.readUInt32LE(4) + 8 <= fileBytes,
};

const readPart = (path: string, name: string, position: number, length: number): Promise<Buffer> =>
  useFile(path, name, async (file) => {
    const buffer = Buffer.alloc(length);
    const { bytesRead } = await file.read(buffer, 0, length, position);
    return buffer.subarray(0, bytesRead);
  });

const probePicture = async (
  path: string,
  name: string,
  bytes: number,
  readsContents: boolean,
): Promise<{ format: string; sha256: string | null; identity: string; size: LargestPicture }> => {
  const isReadWhole = readsContents || bytes <= headBytes;
  const wholeFile = async (): Promise<Buffer> => {
    const whole = await readPictureFile(path, name, largestFileBytes);
    return Buffer.from(whole.buffer, whole.byteOffset, whole.length);
  };
  let head = isReadWhole ? await wholeFile() : await readPart(path, name, 0, headBytes);
  const isWhole = (): boolean => head.length >= bytes;
  // A header may be longer than what was read of the file.
  const picture = await openPicture(name, head).catch(async (error: unknown) => {
    if (isWhole()) throw error;
    head = await wholeFile();
    return openPicture(name, head);
  });
  const tail = isWhole() ? head.subarray(-tailBytes) : await readPart(path, name, bytes - tailBytes, tailBytes);
  if (endsWell[picture.format]?.(tail, bytes, head) !== true) {
    const whole = await openPicture(name, isWhole() ? head : await wholeFile());
    await decodingMemory.take(whole.width * whole.height, () => whole.decode(3));
  }
  const sha256 = isWhole() ? sha256Of(head) : null;
  // Size and mode alone say which it is, not how much the decoder wanted to see.
  const identity = isReadWhole && sha256 !== null ? sha256 : sha256Of(head.subarray(0, headBytes), tail);
  const { format, width, height, facts } = picture;
  // Of a picture whose head alone was read, the rest of the file counts as well.
  const size = { pixels: width * height, decodingBytes: facts.decodingBytes + bytes - head.length };
  return { format, sha256, identity, size };
};

/**
 * `file` is relative to `folder`, `bytes` its size. A picture is known by its first bytes, whatever its name; a file that is none is
 * broken where its extension says that it should be one, and so is one that its own permissions lock. Throws FileError where the disk
 * failed or the machine ran out of something: then pictures would be left out that are whole.
 */
export const probeFile = async (
  folder: string,
  file: string,
  bytes: number,
  readsContents: boolean,
): Promise<Probe> => {
  const [path, name] = [join(folder, file), printable(file)];
  const claimed = formatOfExtension.get(extname(file).toLowerCase()) ?? null;
  try {
    if (bytes === 0) return claimed === null ? { kind: "other" } : { kind: "broken", problem: "is empty: 0 bytes" };
    if (claimed === null && !startsLikePicture(await readPart(path, name, 0, 12))) return { kind: "other" };
    if (bytes > largestFileBytes) {
      const problem = `has ${bytes} bytes; pictures of at most ${largestFileBytes} are read`;
      return { kind: "broken", problem };
    }
    const { format, ...digests } = await probePicture(path, name, bytes, readsContents);
    return { kind: "picture", actualFormat: claimed === null || claimed === format ? null : format, ...digests };
  } catch (error) {
    if (error instanceof FormatError) return { kind: "broken", problem: error.message.slice(`${name}: `.length) };
    if (!(error instanceof UsageError)) throw error;
    return { kind: "broken", problem: `can't be read (${systemCode(error.cause) ?? error.message})` };
  }
};
