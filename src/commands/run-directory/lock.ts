// One writer at a time: a file named `lock` that says which process writes to the directory.
// It appears whole (a hard link to a finished file), so that no kill leaves one that nobody can read.
import { randomUUID } from "node:crypto";
import * as fs from "node:fs/promises";
import { dirname, join } from "node:path";
import { z } from "zod";
import { UsageError } from "../../base/errors.ts";
import { writeSynced } from "../../checkpoint/node/atomic-file.ts";
import { explainFileError, systemCode } from "../../checkpoint/node/file-error.ts";
import type { Host } from "./host.ts";
import { readJsonFile } from "./json-file.ts";

const holderSchema = z.strictObject({
  pid: z.int().positive(),
  hostname: z.string(),
  identity: z.string().nullable(),
  since: z.string(),
});
type Holder = z.infer<typeof holderSchema>;

export interface Lock {
  /** Says that the lock of a dead process was taken over; null when there was none. */
  readonly notice: string | null;
  /** Lets others in. */
  release(): Promise<void>;
}

/**
 * Takes the lock of a directory. A lock whose process, on this host, has ended is taken over.
 * Throws UsageError when another process holds it.
 */
export const acquireLock = async (directory: string, host: Host): Promise<Lock> => {
  const path = join(directory, "lock");
  const holder: Holder = {
    pid: host.pid,
    hostname: host.hostname,
    identity: host.processIdentity(host.pid),
    since: new Date(host.now()).toISOString(),
  };
  let notice: string | null = null;
  try {
    while (!(await placeIfFree(holder, path))) {
      const other = await readHolder(path);
      if (other === null) continue; // released meanwhile
      refuseIfAlive(other, directory, host);
      await setAside(path, other, host);
      notice = `took over ${path}: its process ${other.pid} has ended`;
    }
    await removeAbandoned(directory, host);
  } catch (error) {
    throw explainFileError(error, path, `lock ${directory}`);
  }
  const release = async (): Promise<void> => {
    if (sameHolder(await readHolder(path), holder)) await fs.rm(path, { force: true });
  };
  return { notice, release };
};

/** Locks in the making bear the maker's number: only those of dead processes may be cleared away. */
const unfinishedLock = (directory: string, pid: number): string =>
  join(directory, `.lock-${pid}-${randomUUID().slice(0, 8)}`);

const removeAbandoned = async (directory: string, host: Host): Promise<void> => {
  for (const name of await fs.readdir(directory)) {
    const pid = /^\.lock-([0-9]+)-[0-9a-f]{8}$/.exec(name)?.[1];
    if (pid !== undefined && host.processIdentity(Number(pid)) === null)
      await fs.rm(join(directory, name), { force: true });
  }
};

const sameHolder = (a: Holder | null, b: Holder): boolean =>
  a !== null && a.pid === b.pid && a.hostname === b.hostname && a.identity === b.identity && a.since === b.since;

const placeIfFree = async (holder: Holder, path: string): Promise<boolean> => {
  const mine = unfinishedLock(dirname(path), holder.pid);
  try {
    await writeSynced(mine, [new TextEncoder().encode(`${JSON.stringify(holder)}\n`)]);
    return await linkIfFree(mine, path);
  } finally {
    await fs.rm(mine, { force: true });
  }
};

const linkIfFree = async (from: string, to: string): Promise<boolean> => {
  try {
    await fs.link(from, to);
    return true;
  } catch (error) {
    if (systemCode(error) === "EEXIST") return false;
    throw error;
  }
};

const readHolder = async (path: string): Promise<Holder | null> => {
  try {
    return await readJsonFile(path, holderSchema);
  } catch (error) {
    if (error instanceof UsageError && systemCode(error.cause) === "ENOENT") return null;
    throw error;
  }
};

const refuseIfAlive = (other: Holder, directory: string, host: Host): void => {
  const who = `${directory} is being written by process ${other.pid} on ${other.hostname} since ${other.since}`;
  if (other.hostname !== host.hostname) {
    throw new UsageError(`${who}; if that process has ended, delete ${join(directory, "lock")}`);
  }
  const identity = host.processIdentity(other.pid);
  if (identity !== null && identity === other.identity) {
    throw new UsageError(`${who}; wait for it to end, or give this run another name`);
  }
};

/** Removes a dead process's lock, unless another process was faster and the lock is already that one's. */
const setAside = async (path: string, dead: Holder, host: Host): Promise<void> => {
  const aside = unfinishedLock(dirname(path), host.pid);
  try {
    await fs.rename(path, aside);
  } catch (error) {
    if (systemCode(error) === "ENOENT") return;
    throw error;
  }
  if (!sameHolder(await readHolder(aside), dead)) await linkIfFree(aside, path); // puts the faster one's lock back
  await fs.rm(aside, { force: true });
};
