// Looks at every file of a folder, several at once.
import { stat } from "node:fs/promises";
import { join } from "node:path";
import type { DataSetOptions } from "../data-set-options.ts";
import { decodeOnOneThread } from "../decode-picture.ts";
import { mapConcurrently } from "../map-concurrently.ts";
import { throwMachineError } from "../use-file.ts";
import { type Probe, probeFile } from "./probe-file.ts";

/** Files looked at together; libvips' and Node's own threads are four. */
const atOnce = 8;

/** Folders of more bytes are not read as a whole, so their images are known by name, size and their first and last 64 KiB alone. */
const largestReadBytes = 2 ** 30;

/** Progress is told each so many files. */
const tellEvery = 500;

export interface ProbedFile {
  readonly file: string;
  readonly bytes: number;
  readonly probe: Probe;
}

/** `files` are relative to `folder`. The result has their order. */
export const probeFiles = async (
  folder: string,
  files: readonly string[],
  { signal, onEvent }: Pick<DataSetOptions, "signal" | "onEvent">,
  readBytes: number = largestReadBytes,
): Promise<readonly ProbedFile[]> => {
  decodeOnOneThread();
  const sizes = await mapConcurrently(files, atOnce, async (file) => {
    signal?.throwIfAborted();
    return stat(join(folder, file)).catch((error: unknown) => {
      throwMachineError(error, join(folder, file));
      return null;
    });
  });
  const readsContents = sizes.reduce((sum, found) => sum + (found?.size ?? 0), 0) <= readBytes;
  let done = 0;
  return mapConcurrently(files, atOnce, async (file, i): Promise<ProbedFile> => {
    signal?.throwIfAborted();
    const found = sizes[i] ?? null;
    const probe: Probe =
      found === null
        ? { kind: "broken", problem: "can't be found" }
        : await probeFile(folder, file, found.size, readsContents);
    done++;
    if (done % tellEvery === 0) onEvent?.({ event: "probing", folder, files: done, ofFiles: files.length });
    return { file, bytes: found?.size ?? 0, probe };
  });
};
