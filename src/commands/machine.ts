// What this process may use of the machine: cores and memory, with the limits of its control groups (containers, systemd, batch
// systems). Pure: the texts of Linux's files come through `readText`, which the composition root provides; elsewhere it gives null.

/** Where the facts come from. */
export interface MachineSource {
  /** The text of a file, or null when there is none. */
  readonly readText: (path: string) => string | null;
  /** `os.availableParallelism()`: logical cores in the process's affinity mask. */
  readonly parallelism: number;
  /** `os.totalmem()` and `os.freemem()`. */
  readonly totalBytes: number;
  readonly freeBytes: number;
  /** The processor's name, as `os.cpus()[0].model` has it. */
  readonly cpu: string;
}

/** What this process may use. */
export interface Machine {
  readonly cpu: string;
  /** Threads that can run at once: whole cores only, for a team waits for its slowest member; at least 1. */
  readonly cores: number;
  /** Memory that exists for this process: the machine's or the smallest limit above it. */
  readonly memoryBytes: number;
  /** Memory that can still be taken without swapping or hitting a limit; page cache that can be dropped counts as free. */
  readonly availableMemoryBytes: number;
}

/** What one control group with a limit says. */
interface GroupMemory {
  readonly limitBytes: number;
  readonly usedBytes: number;
}

/** Version 1 writes "no limit" as 2^63 less a page. */
const v1Unlimited = 2 ** 60;

/** Measures the machine as this process may use it. */
export function measureMachine(source: MachineSource): Machine {
  const { readText } = source;
  const groups = readText("/proc/self/cgroup") ?? "";
  const quotas = groupFolders(groups, "cpu").map((folder) => cpuQuota(folder, readText));
  const limits = groupFolders(groups, "memory").flatMap((folder) => groupMemory(folder, readText) ?? []);
  const free = parseMemAvailable(readText("/proc/meminfo")) ?? source.freeBytes;
  return {
    cpu: source.cpu,
    cores: availableCores(source.parallelism, quotas),
    memoryBytes: Math.min(source.totalBytes, ...limits.map((limit) => limit.limitBytes)),
    availableMemoryBytes: Math.min(free, ...limits.map((limit) => Math.max(0, limit.limitBytes - limit.usedBytes))),
  };
}

/** Cores under quotas given in cores (null: none): 1.5 cores are 1, since a second thread would stall the team half of the time. */
export function availableCores(parallelism: number, quotas: readonly (number | null)[]): number {
  const cores = quotas.reduce<number>((least, quota) => Math.min(least, quota ?? least), parallelism);
  return Math.max(1, Math.floor(cores));
}

/** Version 2's `cpu.max`, "quota period" in µs, in cores; null for "max" and for what isn't such a text. */
export function parseCpuMax(text: string | null): number | null {
  const match = /^(\d+) (\d+)\s*$/.exec(text ?? "");
  return match === null || Number(match[2]) === 0 ? null : Number(match[1]) / Number(match[2]);
}

/** Version 1's `cpu.cfs_quota_us` and `cpu.cfs_period_us`, in cores; null for a quota of -1 and for missing files. */
export function parseCfsQuota(quotaText: string | null, periodText: string | null): number | null {
  const quota = parseCount(quotaText);
  const period = parseCount(periodText);
  return quota === null || period === null || period === 0 ? null : quota / period;
}

/** `memory.max` (version 2) or `memory.limit_in_bytes` (version 1); null for no limit. */
export function parseMemoryLimit(text: string | null): number | null {
  const bytes = parseCount(text);
  return bytes === null || bytes >= v1Unlimited ? null : bytes;
}

/** `MemAvailable` of /proc/meminfo in bytes (the file says kB and means KiB); null when absent. */
export function parseMemAvailable(text: string | null): number | null {
  const match = /^MemAvailable:\s+(\d+) kB$/m.exec(text ?? "");
  return match === null ? null : Number(match[1]) * 1024;
}

/**
 * The folders that may limit this process, from /proc/self/cgroup: its own group and every group above, since each one's limit
 * holds. Inside a container the listed path may be the host's and not exist; the mount's root, listed last, then is the
 * container's own group.
 */
export function groupFolders(text: string, controller: "cpu" | "memory"): readonly string[] {
  const folders: string[] = [];
  for (const line of text.split("\n")) {
    const match = /^\d+:([^:]*):(\/.*)$/.exec(line);
    if (match === null) continue;
    const [, controllers, path] = match;
    const unified = controllers === "";
    if (!unified && !controllers!.split(",").includes(controller)) continue;
    const mounts = unified ? ["/sys/fs/cgroup", "/sys/fs/cgroup/unified"] : [`/sys/fs/cgroup/${controller}`];
    const names = path!.split("/").filter((name) => name !== "");
    for (const mount of mounts) {
      for (let depth = names.length; depth >= 0; depth--) folders.push([mount, ...names.slice(0, depth)].join("/"));
    }
  }
  return folders;
}

/** The quota of one group, in cores; null for none. */
function cpuQuota(folder: string, readText: MachineSource["readText"]): number | null {
  return (
    parseCpuMax(readText(`${folder}/cpu.max`)) ??
    parseCfsQuota(readText(`${folder}/cpu.cfs_quota_us`), readText(`${folder}/cpu.cfs_period_us`))
  );
}

/** The memory limit of one group and what it uses, without the page cache that the kernel drops first; null for no limit. */
function groupMemory(folder: string, readText: MachineSource["readText"]): GroupMemory | null {
  const limitBytes =
    parseMemoryLimit(readText(`${folder}/memory.max`)) ?? parseMemoryLimit(readText(`${folder}/memory.limit_in_bytes`));
  if (limitBytes === null) return null;
  const used =
    parseCount(readText(`${folder}/memory.current`)) ?? parseCount(readText(`${folder}/memory.usage_in_bytes`));
  const statistics = readText(`${folder}/memory.stat`) ?? "";
  const droppable =
    /^total_inactive_file (\d+)$/m.exec(statistics)?.[1] ?? /^inactive_file (\d+)$/m.exec(statistics)?.[1];
  return { limitBytes, usedBytes: Math.max(0, (used ?? 0) - Number(droppable ?? 0)) };
}

/** A file that holds one number, not negative; null for anything else, such as "max" or -1. */
function parseCount(text: string | null): number | null {
  return text !== null && /^\d+\s*$/.test(text) ? Number(text) : null;
}
