// Downloads one file with a bound on its size and a checksum, and puts it in place whole.
import { createHash } from "node:crypto";
import { writeWhole } from "./write-whole.ts";

export interface DownloadProgress {
  readonly event: "download";
  readonly address: string;
  readonly receivedBytes: number;
  readonly totalBytes: number;
}

export interface Download {
  readonly address: string;
  readonly md5: string;
  /** Exact size; a longer answer is cut off and refused. */
  readonly bytes: number;
  /** Where the file is to lie; its directory is made. An existing file is replaced. */
  readonly path: string;
  readonly signal?: AbortSignal | undefined;
  readonly onEvent?: ((event: DownloadProgress) => void) | undefined;
}

/** A download that takes longer is given up, in ms. */
const timeoutMs = 600_000;

const receive = async ({ address, bytes, signal, onEvent }: Download): Promise<Uint8Array> => {
  const timeout = AbortSignal.timeout(timeoutMs);
  const response = await fetch(address, { signal: signal ? AbortSignal.any([signal, timeout]) : timeout });
  if (!response.ok || response.body === null) {
    await response.body?.cancel();
    throw new Error(`${address} answered ${response.status} ${response.statusText}`.trimEnd());
  }
  const content = new Uint8Array(bytes);
  let receivedBytes = 0;
  for await (const chunk of response.body) {
    if (receivedBytes + chunk.length > bytes) throw new Error(`${address} sent more than the expected ${bytes} bytes`);
    content.set(chunk, receivedBytes);
    receivedBytes += chunk.length;
    onEvent?.({ event: "download", address, receivedBytes, totalBytes: bytes });
  }
  if (receivedBytes < bytes) throw new Error(`${address} sent ${receivedBytes} of the expected ${bytes} bytes`);
  return content;
};

/** Throws when the address doesn't answer, when size or MD5 differ, and when the file can't be written. */
export const download = async (options: Download): Promise<void> => {
  const content = await receive(options);
  const md5 = createHash("md5").update(content).digest("hex");
  if (md5 !== options.md5) throw new Error(`${options.address} has the MD5 ${md5} but should have ${options.md5}`);
  await writeWhole(options.path, content);
};

/** Why a download failed, the network's own words included, as part of a sentence. */
export const failureOf = (error: unknown): string => {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? `${error.message}: ${error.cause.message}` : error.message;
};
