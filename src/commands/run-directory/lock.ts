// One writer at a time: a file named `lock` that says which process writes to the directory.
// It appears whole (a hard link to a finished file), so that no kill leaves one that nobody can read.
//
// A dead process's lock is never removed, for between looking at it and removing it another process may have taken it
// over. It is replaced, by its one heir: each lock has an id, and whoever makes `.lock-after-<id>` first may rename its
// own lock over that one. A dead heir has an heir in turn. While the dead lock stands no claim to it is ever removed;
// an heir that finds another lock in its place came too late, and looks again.
import { randomUUID } from "node:crypto";
import * as fs from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { UsageError } from "../../base/errors.ts";
import { explainFileError, systemCode } from "../../base/file-error.ts";
import { writeSynced } from "../../checkpoint/node/atomic-file.ts";
import type { Host } from "./host.ts";
import { readJsonFile } from "./json-file.ts";

const holderSchema = z.strictObject({
  id: z.uuid(),
  pid: z.int().positive(),
  hostname: z.string(),
  /** Tells the process from a later one with its number; see host.ts. */
  identity: z.string().nullable(),
  /** ISO 8601, UTC. */
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
    id: randomUUID(),
    pid: host.pid,
    hostname: host.hostname,
    identity: host.processIdentity(host.pid),
    since: new Date(host.now()).toISOString(),
  };
  const mine = join(directory, `.lock-of-${host.pid}-${holder.id}`);
  let dead: Holder | null = null;
  try {
    await writeSynced(mine, [new TextEncoder().encode(`${JSON.stringify(holder)}\n`)]);
    while (!(await linkIfFree(mine, path))) {
      const other = await readHolder(path); // null: released meanwhile
      if (other === null || !(await inherit(other, mine, directory, host))) continue;
      dead = other;
      break;
    }
    await removeAbandoned(directory, host);
  } catch (error) {
    throw explainFileError(error, path, `lock ${directory}`);
  } finally {
    await fs.rm(mine, { force: true });
  }
  return {
    notice: dead === null ? null : `took over ${path}: its process ${dead.pid} has ended`,
    release: async () => {
      if ((await readHolder(path))?.id === holder.id) await fs.rm(path, { force: true });
    },
  };
};

/** Replaces the lock of `first`, if that process is dead and this one its heir; false when another was faster. */
const inherit = async (first: Holder, mine: string, directory: string, host: Host): Promise<boolean> => {
  const path = join(directory, "lock");
  for (let dead = first; ; ) {
    refuseIfAlive(dead, directory, host);
    const claim = join(directory, `.lock-after-${dead.id}`);
    if (await linkIfFree(mine, claim)) {
      if ((await readHolder(path))?.id === first.id) {
        await fs.rename(mine, path);
        return true;
      }
      await fs.rm(claim, { force: true });
      return false;
    }
    const heir = await readHolder(claim);
    if (heir === null) return false;
    dead = heir;
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

/** Clears away, under the lock, what kills left: claims to locks that no longer stand, locks in the making. */
const removeAbandoned = async (directory: string, host: Host): Promise<void> => {
  for (const name of await fs.readdir(directory)) {
    const pid = /^\.lock-of-([0-9]+)-/.exec(name)?.[1];
    const abandoned = pid === undefined ? name.startsWith(".lock-after-") : host.processIdentity(Number(pid)) === null;
    if (abandoned) await fs.rm(join(directory, name), { force: true });
  }
};
