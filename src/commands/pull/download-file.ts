// Downloads one large file so that nothing is fetched twice: what has arrived lies in a partial file, and the next try, now or another
// day, asks for the rest only. What is in the file is for the caller to check: a resumed file may be two halves of different ones.
import { type FileHandle, mkdir, open, rm, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { MissingError } from "../../base/errors.ts";
import { explainFileError } from "../../base/file-error.ts";
import type { DownloadProgress } from "../../data/node/download.ts";

export type Fetch = (address: string, init?: RequestInit) => Promise<Response>;

export interface FileDownload {
  readonly address: string;
  /** Where the bytes gather, and lie when this resolves. */
  readonly partial: string;
  /** A longer file is refused before it is on the disk. */
  readonly maxBytes: number;
  readonly fetch: Fetch;
  readonly signal?: AbortSignal | undefined;
  readonly onEvent: (event: DownloadProgress) => void;
  /** Tries in all; each goes on where the one before broke off. 3 by default. */
  readonly tries?: number;
}

/** A server that sends nothing for so long is given up, in ms. */
const stallMs = 60_000;

/** Progress is told at most once for so many bytes. */
const progressBytes = 2 ** 20;

/** "bytes 100-199/200" to 200; null for what makes no sense here. */
const totalOf = (contentRange: string | null, from: number): number | null => {
  const found = /^bytes (\d+)-\d+\/(\d+)$/.exec(contentRange ?? "");
  return found && Number(found[1]) === from ? Number(found[2]) : null;
};

/** Aborts when `tick` isn't called for stallMs. */
const stallGuard = (signal: AbortSignal | undefined) => {
  const controller = new AbortController();
  const give = (): void => controller.abort(new Error(`nothing came for ${stallMs / 1000} s`));
  let timer = setTimeout(give, stallMs);
  return {
    signal: signal ? AbortSignal.any([signal, controller.signal]) : controller.signal,
    tick: (): void => {
      clearTimeout(timer);
      timer = setTimeout(give, stallMs);
    },
    stop: (): void => clearTimeout(timer),
  };
};

/** The answer's bytes to the end of the file, from `from` on. */
const append = async (
  handle: FileHandle,
  response: Response,
  from: number,
  totalBytes: number,
  { address, maxBytes, onEvent }: FileDownload,
  tick: () => void,
): Promise<void> => {
  let [received, told] = [from, from];
  for await (const chunk of response.body ?? []) {
    tick();
    if (received + chunk.length > Math.min(totalBytes, maxBytes)) {
      throw new MissingError(
        `${address} sent more than the ${Math.min(totalBytes, maxBytes)} bytes that were expected`,
      );
    }
    for (let done = 0; done < chunk.length; ) {
      done += (await handle.write(chunk, done, chunk.length - done, received + done)).bytesWritten;
    }
    received += chunk.length;
    if (received - told < progressBytes && received < totalBytes) continue;
    told = received;
    onEvent({ event: "download", address, receivedBytes: received, totalBytes });
  }
  if (received < totalBytes) throw new Error(`the connection ended after ${received} of ${totalBytes} bytes`);
};

const attempt = async (download: FileDownload): Promise<void> => {
  const { address, partial, maxBytes, fetch, signal } = download;
  const from = await stat(partial).then(
    ({ size }) => size,
    () => 0,
  );
  const guard = stallGuard(signal);
  try {
    const headers: Record<string, string> = from > 0 ? { range: `bytes=${from}-` } : {};
    const response = await fetch(address, { signal: guard.signal, headers });
    const rest = response.status === 206 ? totalOf(response.headers.get("content-range"), from) : null;
    if (from > 0 && (response.status === 416 || (response.status === 206 && rest === null))) {
      // What lies here is not the beginning of what lies there (or already all of it, unchecked): begin again.
      await response.body?.cancel();
      await rm(partial, { force: true });
      throw new Error("what was downloaded earlier is no part of the file any more");
    }
    if (!response.ok || response.body === null) {
      await response.body?.cancel();
      const kind = response.status >= 500 || response.status === 429 ? Error : MissingError;
      throw new kind(`${address} answered ${response.status} ${response.statusText}`.trimEnd());
    }
    const start = rest === null ? 0 : from;
    const declared = response.headers.get("content-length");
    const total = rest ?? (declared === null ? maxBytes : Number(declared));
    if (total > maxBytes) {
      await response.body.cancel();
      throw new MissingError(`${address} has ${total} bytes, more than the ${maxBytes} that are allowed`);
    }
    const handle = await open(partial, start === 0 ? "w" : "r+");
    try {
      await append(
        handle,
        response,
        start,
        declared === null && rest === null ? Infinity : total,
        download,
        guard.tick,
      );
    } finally {
      await handle.close();
    }
  } finally {
    guard.stop();
  }
};

/**
 * Fetches the file into `partial`, resuming what an earlier try left. Throws MissingError where the server doesn't have it, sends
 * too much, or fails in every try (what arrived stays); FileError where the disk fails; the signal's reason where it aborts.
 */
export const downloadFile = async (download: FileDownload): Promise<void> => {
  const { address, partial, signal, tries = 3 } = download;
  await mkdir(dirname(partial), { recursive: true }).catch((error: unknown) => {
    throw explainFileError(error, partial, `write ${partial}`);
  });
  for (let left = tries - 1; ; left--) {
    try {
      return await attempt(download);
    } catch (error) {
      signal?.throwIfAborted();
      const explained = explainFileError(error, partial, `write ${partial}`);
      if (error instanceof MissingError || (explained !== error && !isNetworkError(error))) throw explained;
      if (left > 0) continue;
      const reason = error instanceof Error ? reasonOf(error) : String(error);
      throw new MissingError(
        `${address} could not be downloaded: ${reason}; try again, and it goes on where it stopped`,
      );
    }
  }
};

/** fetch hides the reason in the cause. */
const reasonOf = (error: Error): string => (error.cause instanceof Error ? error.cause.message : error.message);
const isNetworkError = (error: unknown): boolean =>
  error instanceof Error &&
  "code" in error &&
  /^(ECONN|EPIPE|ETIMEDOUT|ENOTFOUND|EAI_|EHOST|ENET)/.test(String(error.code));
