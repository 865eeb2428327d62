// A small JSON document from an address, bounded.
import { FormatError, MissingError } from "../../base/errors.ts";
import type { Fetch } from "./download-file.ts";

/** A server that doesn't answer for so long is given up, in ms. */
const timeoutMs = 60_000;

/** Throws MissingError where the address doesn't answer with a document of at most `maxBytes` bytes, FormatError where it isn't JSON. */
export const fetchJson = async (
  address: string,
  maxBytes: number,
  fetch: Fetch,
  signal: AbortSignal | undefined,
): Promise<unknown> => {
  const timeout = AbortSignal.timeout(timeoutMs);
  const parts: Uint8Array[] = [];
  let bytes = 0;
  try {
    const response = await fetch(address, { signal: signal ? AbortSignal.any([signal, timeout]) : timeout });
    if (!response.ok) {
      await response.body?.cancel();
      throw new MissingError(`${address} answered ${response.status} ${response.statusText}`.trimEnd());
    }
    for await (const chunk of response.body ?? []) {
      bytes += chunk.length;
      if (bytes > maxBytes) throw new MissingError(`${address} sent more than the ${maxBytes} bytes that are allowed`);
      parts.push(chunk);
    }
  } catch (error) {
    signal?.throwIfAborted();
    if (error instanceof MissingError) throw error;
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
    throw new MissingError(`${address} can't be reached: ${cause instanceof Error ? cause.message : String(cause)}`);
  }
  try {
    return JSON.parse(new TextDecoder().decode(Buffer.concat(parts)));
  } catch {
    throw new FormatError(address, "did not answer with JSON");
  }
};
