// For tests: a directory that is gone afterwards.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";

export const temporaryDirectory = async (): Promise<string> => {
  const directory = await mkdtemp(join(tmpdir(), "residual-data-"));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  return directory;
};
