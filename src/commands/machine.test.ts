import { describe, expect, it } from "vitest";
import {
  availableCores,
  groupFolders,
  measureMachine,
  parseCfsQuota,
  parseCpuMax,
  parseMemAvailable,
  parseMemoryLimit,
} from "./machine.ts";

const GiB = 2 ** 30;

const machine = (files: Readonly<Record<string, string>>) =>
  measureMachine({
    readText: (path) => files[path] ?? null,
    parallelism: 8,
    totalBytes: 32 * GiB,
    freeBytes: 3 * GiB,
    cpu: "a processor",
  });

describe("parseCpuMax(text)", () => {
  it("gives quota ÷ period in cores, and null for no limit or no such text", () => {
    expect(parseCpuMax("150000 100000\n")).toBe(1.5);
    expect(parseCpuMax("max 100000\n")).toBeNull();
    expect(parseCpuMax("100000 0")).toBeNull();
    expect(parseCpuMax("what")).toBeNull();
    expect(parseCpuMax(null)).toBeNull();
  });
});

describe("parseCfsQuota(quotaText, periodText)", () => {
  it("gives quota ÷ period in cores, and null for a quota of -1", () => {
    expect(parseCfsQuota("400000\n", "100000\n")).toBe(4);
    expect(parseCfsQuota("-1\n", "100000\n")).toBeNull();
    expect(parseCfsQuota(null, null)).toBeNull();
  });
});

describe("availableCores(parallelism, quotas)", () => {
  it("takes the smallest quota in whole cores, never more than the affinity mask and never less than 1", () => {
    expect(availableCores(8, [null, null])).toBe(8);
    expect(availableCores(8, [null, 2.5, 6])).toBe(2);
    expect(availableCores(2, [16])).toBe(2);
    expect(availableCores(8, [0.5])).toBe(1);
  });
});

describe("parseMemoryLimit(text)", () => {
  it("gives bytes, and null for both versions' way to say no limit", () => {
    expect(parseMemoryLimit("2147483648\n")).toBe(2 * GiB);
    expect(parseMemoryLimit("max\n")).toBeNull();
    expect(parseMemoryLimit("9223372036854771712\n")).toBeNull();
    expect(parseMemoryLimit(null)).toBeNull();
  });
});

describe("parseMemAvailable(text)", () => {
  it("gives bytes", () => {
    expect(parseMemAvailable("MemTotal:  24684100 kB\nMemFree: 1 kB\nMemAvailable:   1048576 kB\n")).toBe(GiB);
    expect(parseMemAvailable("nothing")).toBeNull();
  });
});

describe("groupFolders(text, controller)", () => {
  it("lists a version 2 group and every group above it", () => {
    expect(groupFolders("0::/user.slice/me.scope\n", "cpu").slice(0, 3)).toEqual([
      "/sys/fs/cgroup/user.slice/me.scope",
      "/sys/fs/cgroup/user.slice",
      "/sys/fs/cgroup",
    ]);
  });

  it("lists the version 1 groups of the controller asked for", () => {
    const text = "9:name=systemd:/\n4:memory:/box\n1:cpu,cpuacct:/\n";
    expect(groupFolders(text, "memory")).toEqual(["/sys/fs/cgroup/memory/box", "/sys/fs/cgroup/memory"]);
    expect(groupFolders(text, "cpu")).toEqual(["/sys/fs/cgroup/cpu"]);
  });
});

describe("measureMachine(source)", () => {
  it("believes the operating system where there are no control groups", () => {
    expect(machine({})).toEqual({
      cpu: "a processor",
      cores: 8,
      memoryBytes: 32 * GiB,
      availableMemoryBytes: 3 * GiB,
    });
  });

  it("respects the limits of a version 2 group and of those above, and counts droppable page cache as free", () => {
    const measured = machine({
      "/proc/self/cgroup": "0::/outer/inner\n",
      "/proc/meminfo": `MemAvailable: ${(20 * GiB) / 1024} kB\n`,
      "/sys/fs/cgroup/outer/cpu.max": "300000 100000\n",
      "/sys/fs/cgroup/outer/inner/cpu.max": "max 100000\n",
      "/sys/fs/cgroup/outer/inner/memory.max": `${8 * GiB}\n`,
      "/sys/fs/cgroup/outer/inner/memory.current": `${5 * GiB}\n`,
      "/sys/fs/cgroup/outer/inner/memory.stat": `anon ${2 * GiB}\ninactive_file ${3 * GiB}\n`,
      "/sys/fs/cgroup/outer/memory.max": "max\n",
    });
    expect(measured).toMatchObject({ cores: 3, memoryBytes: 8 * GiB, availableMemoryBytes: 6 * GiB });
  });

  it("finds the limits of a container whose listed path is the host's, with version 1", () => {
    const measured = machine({
      "/proc/self/cgroup": "4:memory:/docker/4f\n1:cpu,cpuacct:/docker/4f\n",
      "/sys/fs/cgroup/cpu/cpu.cfs_quota_us": "200000\n",
      "/sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000\n",
      "/sys/fs/cgroup/memory/memory.limit_in_bytes": `${4 * GiB}\n`,
      "/sys/fs/cgroup/memory/memory.usage_in_bytes": `${3.5 * GiB}\n`,
    });
    expect(measured).toMatchObject({ cores: 2, memoryBytes: 4 * GiB, availableMemoryBytes: 0.5 * GiB });
  });
});
