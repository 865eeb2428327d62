// Reads an IDX file, plain or gzip, with a bound on memory: a gzip file is inflated to the size that its IDX header announces
// and not a byte further, so a small file can't fill the machine.
import { createHash } from "node:crypto";
import { readFile, stat } from "node:fs/promises";
import { promisify } from "node:util";
import { constants, gunzip, gunzipSync } from "node:zlib";
import { FormatError } from "../../base/errors.ts";
import { readIdxHeader } from "../idx.ts";
import type { NamedBytes } from "../idx-source.ts";

/** Largest IDX file that is read, in bytes after inflation (MNIST's relatives have at most 550 MB). */
const largestBytes = 2 ** 31 - 1;

/** Enough of a gzip file for its own header and an IDX header. */
const peekBytes = 4096;

const errorText = (error: unknown): string => (error instanceof Error ? error.message : String(error));
const errorCode = (error: unknown): unknown => (error instanceof Error && "code" in error ? error.code : undefined);

const checkSize = (path: string, bytes: number): void => {
  if (bytes > largestBytes) {
    throw new FormatError(path, `takes ${bytes} bytes of memory but at most ${largestBytes} are read into memory`);
  }
};

const gzipProblem = (path: string, error: unknown, announced: number | null): FormatError => {
  if (errorCode(error) === "Z_BUF_ERROR") return new FormatError(path, "the gzip stream is truncated");
  if (errorCode(error) === "ERR_BUFFER_TOO_LARGE") {
    return new FormatError(path, "inflates to more than its IDX header says", announced);
  }
  return new FormatError(path, `the gzip stream is corrupt: ${errorText(error)}`);
};

const inflate = async (path: string, compressed: Uint8Array): Promise<Uint8Array> => {
  let announced: number | null = null;
  try {
    const start = gunzipSync(compressed.subarray(0, peekBytes), { finishFlush: constants.Z_SYNC_FLUSH });
    announced = readIdxHeader(path, start).fileBytes;
    checkSize(path, announced);
    return await promisify(gunzip)(compressed, { maxOutputLength: announced });
  } catch (error) {
    throw error instanceof FormatError ? error : gzipProblem(path, error, announced);
  }
};

/** The contents of an IDX file, inflated, and their SHA-256. `readIdx` has still to check that they are whole. */
export const readIdxFile = async (path: string): Promise<NamedBytes & { readonly sha256: string }> => {
  const { size } = await stat(path);
  checkSize(path, size);
  const raw = await readFile(path);
  const isGzip = raw[0] === 0x1f && raw[1] === 0x8b;
  const bytes = isGzip ? await inflate(path, raw) : raw;
  return { file: path, bytes, sha256: createHash("sha256").update(bytes).digest("hex") };
};
