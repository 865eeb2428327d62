// checkpoints/<step>/ and latest.json of a run directory. A checkpoint's directory gets its name only when all of it is
// on the disk, and latest.json names it only after that: a kill at any moment leaves the last whole one.
import * as fs from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { invariant, UsageError } from "../../base/errors.ts";
import { explainFileError, systemCode } from "../../base/file-error.ts";
import {
  isTemporaryName,
  syncDirectory,
  temporaryName,
  writeFileAtomically,
  writeSynced,
} from "../../checkpoint/node/atomic-file.ts";
import { type Checkpoint, checkpointFiles, stateFile } from "./checkpoint.ts";
import { formatVersion, readJsonFile, writeJsonFile } from "./json-file.ts";
import { runFileError } from "./run-file-error.ts";

const latestSchema = z.strictObject({
  formatVersion: z.literal(formatVersion),
  step: z.int().nonnegative(),
  /** The checkpoint with the highest score so far; null while none had one. */
  best: z.strictObject({ step: z.int().nonnegative(), score: z.number() }).nullable(),
});
export type Latest = z.infer<typeof latestSchema>;

export interface CheckpointOptions {
  /** How good the model is, higher is better; measured on validation data, never on test. None by default. */
  readonly score?: number;
  /** How many of the newest stay, at least 1; the best stays as well. */
  readonly keepLast: number;
}

const checkpointsOf = (run: string): string => join(run, "checkpoints");
export const checkpointPath = (run: string, step: number): string => join(checkpointsOf(run), String(step));

/** The steps whose checkpoints are there whole, ascending. */
export const checkpointSteps = async (run: string): Promise<number[]> => {
  const names = await fs.readdir(checkpointsOf(run)).catch((error: unknown) => {
    if (systemCode(error) === "ENOENT") return [];
    throw explainFileError(error, run, `read ${checkpointsOf(run)}`);
  });
  const steps = names.filter((name) => /^(0|[1-9][0-9]{0,14})$/.test(name)).map(Number);
  return steps.sort((a, b) => a - b);
};

/**
 * What latest.json says. Without one (a kill came between the first checkpoint and it) the newest whole checkpoint is
 * the latest; null when there is none either.
 */
export const readLatestEntry = async (run: string): Promise<Latest | null> => {
  try {
    return await readJsonFile(join(run, "latest.json"), latestSchema);
  } catch (error) {
    if (!(error instanceof UsageError && systemCode(error.cause) === "ENOENT")) throw error;
  }
  const step = (await checkpointSteps(run)).at(-1);
  return step === undefined ? null : { formatVersion, step, best: null };
};

/**
 * Writes a checkpoint and makes it the latest, then removes the ones that rotation doesn't keep; resolves once it is on
 * the disk. Tensors must not change meanwhile. A step that is the latest already has its checkpoint: its tensors stay, its score is
 * noted, and its epoch and counters, which change where an epoch is closed that a stop had left open. Throws FileError (full disk, permissions …); then the one that latest.json names is valid.
 */
export const writeCheckpoint = async (
  run: string,
  checkpoint: Checkpoint,
  options: CheckpointOptions,
): Promise<void> => {
  const { step } = checkpoint;
  invariant(options.keepLast >= 1, `keepLast is ${options.keepLast}`);
  const previous = await readLatestEntry(run);
  invariant(previous === null || step >= previous.step, `checkpoint ${step} comes after ${previous?.step}`);
  if (step === previous?.step) await rewriteState(run, checkpoint);
  else await writeDirectory(run, checkpoint, previous);
  const { score = Number.NaN } = options;
  const better = Number.isFinite(score) && (previous?.best?.score ?? Number.NEGATIVE_INFINITY) < score;
  const best = better ? { step, score } : (previous?.best ?? null);
  const latest = join(run, "latest.json");
  try {
    await writeJsonFile(latest, { formatVersion, step, best } satisfies Latest);
  } catch (error) {
    throw runFileError(error, latest, `write ${latest}`, whatRemains(previous));
  }
  const steps = await checkpointSteps(run);
  const kept = new Set([...steps.slice(-options.keepLast), step, best?.step]);
  for (const old of steps) if (!kept.has(old)) await rotateAway(run, old, step);
};

/** In an error's words. */
const whatRemains = (latest: Pick<Latest, "step"> | null): string =>
  latest === null ? "there is no earlier checkpoint" : `checkpoint ${latest.step} is still valid`;

const rotateAway = async (run: string, old: number, latest: number): Promise<void> => {
  try {
    await removeCheckpoint(run, old);
  } catch (error) {
    const path = checkpointPath(run, old);
    throw runFileError(error, path, `remove the old checkpoint ${path}`, whatRemains({ step: latest }));
  }
};

const writeDirectory = async (run: string, checkpoint: Checkpoint, previous: Latest | null): Promise<void> => {
  const files = checkpointFiles(checkpoint);
  const path = checkpointPath(run, checkpoint.step);
  const temporary = join(checkpointsOf(run), temporaryName(String(checkpoint.step)));
  try {
    if ((await fs.mkdir(checkpointsOf(run), { recursive: true })) !== undefined) await syncDirectory(run);
    await fs.mkdir(temporary);
    for (const [name, parts] of files) await writeSynced(join(temporary, name), parts);
    await syncDirectory(temporary);
    // One that latest.json never came to name, because writing that failed, makes way.
    if ((await checkpointSteps(run)).includes(checkpoint.step)) await removeCheckpoint(run, checkpoint.step);
    await fs.rename(temporary, path);
    await syncDirectory(checkpointsOf(run));
  } catch (error) {
    await fs.rm(temporary, { recursive: true, force: true }).catch(() => {}); // the first error is the one to tell
    const bytes = [...files.values()].flat().reduce((sum, part) => sum + part.length, 0);
    throw runFileError(error, path, `write ${path} (${bytes} bytes)`, whatRemains(previous));
  }
};

/** Replaces the file that holds the counters, by one with the same tensors. */
const rewriteState = async (run: string, checkpoint: Checkpoint): Promise<void> => {
  const path = join(checkpointPath(run, checkpoint.step), stateFile);
  try {
    await writeFileAtomically(path, checkpointFiles(checkpoint).get(stateFile) ?? []);
  } catch (error) {
    throw runFileError(error, path, `write ${path}`, whatRemains(checkpoint));
  }
};

/** Under a temporary name first, so that no half-removed directory bears a checkpoint's name. */
const removeCheckpoint = async (run: string, step: number): Promise<void> => {
  const aside = join(checkpointsOf(run), temporaryName(String(step)));
  await fs.rename(checkpointPath(run, step), aside);
  await fs.rm(aside, { recursive: true, force: true });
};

/**
 * Removes what a kill left: unfinished files and directories, and checkpoints that latest.json never came to name (the
 * run will make them again). Returns the names of the unfinished ones. Only for the holder of the lock.
 */
export const removeLeftovers = async (run: string): Promise<string[]> => {
  const removed: string[] = [];
  const inCheckpoints = (await checkpointSteps(run)).map((step) => checkpointPath(run, step));
  for (const directory of [run, checkpointsOf(run), ...inCheckpoints]) {
    const names = await fs.readdir(directory).catch(() => []);
    for (const name of names.filter(isTemporaryName)) {
      await fs.rm(join(directory, name), { recursive: true, force: true });
      removed.push(name);
    }
  }
  const latest = await readLatestEntry(run);
  for (const step of await checkpointSteps(run)) if (latest && step > latest.step) await removeCheckpoint(run, step);
  return removed;
};
