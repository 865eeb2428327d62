// What a run directory needs to know of the world, handed in by the composition root.
import { readFileSync } from "node:fs";
import { systemCode } from "../../base/file-error.ts";

export interface Host {
  /** Relative paths start here. */
  readonly cwd: string;
  readonly pid: number;
  readonly hostname: string;
  /** Milliseconds since 1970. */
  now(): number;
  /** Tells a process from a later one with the same number; null when there is none. See `processIdentity`. */
  processIdentity(pid: number): string | null;
}

/**
 * A text that differs between two processes of this machine even when they bear the same number one after the other:
 * on Linux the boot and the time since it at which the process started; elsewhere only whether there is one.
 * `signal` is `process.kill`.
 */
export const processIdentity = (pid: number, signal: (pid: number, signal: 0) => unknown): string | null => {
  try {
    signal(pid, 0);
  } catch (error) {
    if (systemCode(error) !== "EPERM") return null; // EPERM: it is there, and someone else's
  }
  try {
    const status = readFileSync(`/proc/${pid}/stat`, "utf8");
    // The second field, the program's name in parentheses, may hold spaces; state and start time are fields 3 and 22.
    const fields = status.slice(status.lastIndexOf(")") + 2).split(" ");
    if (fields[0] === "Z") return null; // ended; its parent has not asked yet
    return `${readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim()} ${fields[19]}`;
  } catch {
    return "running";
  }
};
