// runs/<name>/: one training run on the disk. Made once, never overwritten, written by one process at a time, and
// whole at every moment: what is opened again is the last whole checkpoint, with logs cut back to its step.
import * as fs from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { UsageError } from "../../base/errors.ts";
import { explainFileError, systemCode } from "../../base/file-error.ts";
import { type Checkpoint, readCheckpoint } from "./checkpoint.ts";
import { checkpointPath, readLatestEntry, removeLeftovers, writeCheckpoint } from "./checkpoint-store.ts";
import { type EventLog, openEventLog } from "./event-log.ts";
import type { Host } from "./host.ts";
import { acquireLock, type Lock } from "./lock.ts";
import { type MetricsLog, type MetricsRecord, openMetricsLog } from "./metrics-log.ts";
import { type RunRecord, readRunRecord, writeRunRecord } from "./run-record.ts";

/** A run directory that this process writes to, until `close`. */
export interface RunDirectory {
  /** Absolute. */
  readonly path: string;
  readonly record: RunRecord;
  /** What opening mended, in sentences for the person. */
  readonly notices: readonly string[];
  /** Where the next checkpoint goes on from: read when the directory was opened; null for a new run. */
  readonly resumed: Checkpoint | null;
  /** Replaces run.json. */
  writeRecord(record: RunRecord): Promise<void>;
  /** Adds a line to metrics.jsonl. Everything measured at a step comes before that step's checkpoint. */
  appendMetrics(record: MetricsRecord): void;
  /** Adds points to TensorBoard's curves. */
  appendScalars(step: number, scalars: Readonly<Record<string, number>>): void;
  /** Adds a picture, or histograms by tag, to TensorBoard's. */
  appendImage: EventLog["appendImage"];
  appendHistograms: EventLog["appendHistograms"];
  /**
   * Makes a checkpoint the latest and rotates the older ones away (see checkpoint-store.ts); the logs are synced first.
   * `keepLast` is that of the options, unless it is given. Returns the path of its directory.
   */
  writeCheckpoint(checkpoint: Checkpoint, score?: number, keepLast?: number): Promise<string>;
  /** Syncs the logs and gives the lock back. */
  close(): Promise<void>;
}

export interface RunOptions {
  /** How many of the newest checkpoints stay, beside the best; 2 by default. */
  readonly keepLast?: number;
}

/**
 * Makes a run directory. `{ name: "demo" }` makes runs/demo under the current directory, or runs/demo-2, … when there is
 * one; `{ path }` makes exactly that one. Throws UsageError for a name that isn't one and for an existing `path`.
 */
export const createRunDirectory = async (
  place: { readonly name: string } | { readonly path: string },
  record: RunRecord,
  host: Host,
  options: RunOptions = {},
): Promise<RunDirectory> => {
  const path =
    "name" in place ? await makeNumbered(place.name, host) : await makeExactly(resolve(host.cwd, place.path));
  try {
    const lock = await acquireLock(path, host);
    await writeRunRecord(path, record);
    return openLogs(path, record, lock, null, [], host, options);
  } catch (error) {
    await fs.rm(path, { recursive: true, force: true }).catch(() => {}); // the first error is the one to tell
    throw error;
  }
};

/**
 * Opens a run directory to go on with it: takes the lock, removes what a kill left unfinished, reads the latest
 * checkpoint, and cuts metrics and events back to its step (to nothing when there is none).
 * Throws UsageError when it is no run directory or another process writes to it, FormatError when it is damaged.
 */
export const openRunDirectory = async (path: string, host: Host, options: RunOptions = {}): Promise<RunDirectory> => {
  const absolute = resolve(host.cwd, path);
  const record = await readRunRecord(absolute).catch((error: unknown) => {
    if (!(error instanceof UsageError)) throw error;
    throw new UsageError(`${absolute} is not a run directory: ${error.message}`, { cause: error });
  });
  const lock = await acquireLock(absolute, host);
  try {
    const notices = lock.notice === null ? [] : [lock.notice];
    const leftovers = await removeLeftovers(absolute);
    if (leftovers.length > 0) notices.push(`removed what was left unfinished: ${leftovers.join(", ")}`);
    return openLogs(absolute, record, lock, await readLatest(absolute), notices, host, options);
  } catch (error) {
    await lock.release();
    throw error;
  }
};

/** The latest whole checkpoint of a run directory, null when there is none yet. Takes no lock: anyone may read. */
export const readLatest = async (path: string): Promise<Checkpoint | null> => {
  const latest = await readLatestEntry(path);
  return latest === null ? null : readCheckpoint(checkpointPath(path, latest.step));
};

const makeNumbered = async (name: string, host: Host): Promise<string> => {
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/.test(name)) {
    const rule = "use letters, digits, dots, hyphens and underscores, at most 100, a letter or digit first";
    throw new UsageError(`${JSON.stringify(name)} can't be the name of a run; ${rule}`);
  }
  for (let number = 1; ; number++) {
    const path = join(host.cwd, "runs", number === 1 ? name : `${name}-${number}`);
    if (await makeDirectory(path)) return path;
  }
};

const makeExactly = async (path: string): Promise<string> => {
  if (await makeDirectory(path)) return path;
  throw new UsageError(`${path} exists already; go on with it by --resume, or choose another directory`);
};

/** Whether it was made; false when there was something of that name. */
const makeDirectory = async (path: string): Promise<boolean> => {
  try {
    await fs.mkdir(dirname(path), { recursive: true });
  } catch (error) {
    throw explainFileError(error, path, `make the directory ${dirname(path)}`);
  }
  try {
    await fs.mkdir(path);
    return true;
  } catch (error) {
    if (systemCode(error) === "EEXIST") return false;
    throw explainFileError(error, path, `make the run directory ${path}`);
  }
};

const openLogs = (
  path: string,
  record: RunRecord,
  lock: Lock,
  resumed: Checkpoint | null,
  notices: readonly string[],
  host: Host,
  { keepLast: keptByDefault = 2 }: RunOptions,
): RunDirectory => {
  const step = resumed?.step ?? -1;
  const metrics: MetricsLog = openMetricsLog(join(path, "metrics.jsonl"), step);
  let events: EventLog;
  try {
    events = openEventLog(join(path, "events.out.tfevents"), step, () => host.now());
  } catch (error) {
    metrics.close();
    throw error;
  }
  const cut = [metrics, events]
    .filter(({ droppedBytes }) => droppedBytes > 0)
    .map(
      (log) => `cut ${log.path} back to ${resumed ? `step ${step}` : "its beginning"}, by ${log.droppedBytes} bytes`,
    );
  const sync = (): void => {
    metrics.sync();
    events.sync();
  };
  let current = record;
  return {
    path,
    get record() {
      return current;
    },
    notices: [...notices, ...cut],
    resumed,
    writeRecord: async (next) => {
      await writeRunRecord(path, next);
      current = next;
    },
    appendMetrics: metrics.append,
    appendScalars: events.append,
    appendImage: events.appendImage,
    appendHistograms: events.appendHistograms,
    writeCheckpoint: async (checkpoint, score, keepLast = keptByDefault) => {
      sync();
      await writeCheckpoint(path, checkpoint, { keepLast, ...(score === undefined ? {} : { score }) });
      return checkpointPath(path, checkpoint.step);
    },
    close: async () => {
      try {
        sync();
      } finally {
        metrics.close();
        events.close();
        await lock.release();
      }
    },
  };
};
