import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { FormatError, UsageError } from "../../base/errors.ts";
import { processIdentity } from "./host.ts";
import { acquireLock } from "./lock.ts";
import { testHost } from "./run-directory.test.data.ts";

let directory = "";
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "residual-lock-"));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const identity = (pid: number) => processIdentity(pid, process.kill);
const lockOf = (holder: object) =>
  writeFileSync(
    join(directory, "lock"),
    JSON.stringify({ id: randomUUID(), pid: 1, hostname: "box", identity: null, since: "noon", ...holder }),
  );

describe("acquireLock(directory, host)", () => {
  test("refuses a second writer, naming the first, until that one releases it", async () => {
    const first = await acquireLock(directory, testHost(directory));
    expect(first.notice).toBeNull();
    const second = acquireLock(directory, testHost(directory));
    await expect(second).rejects.toThrow(
      new UsageError(
        `${directory} is being written by process ${process.pid} on box since 2026-01-02T12:00:00.000Z; wait for it to end, or give this run another name`,
      ),
    );
    expect(readdirSync(directory)).toEqual(["lock"]);
    await first.release();
    expect(readdirSync(directory)).toEqual([]);
    await (await acquireLock(directory, testHost(directory))).release();
  });

  test("takes over the lock of a process that was killed, and clears away what it left", async () => {
    const child = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"]);
    const pid = child.pid ?? 0;
    lockOf({ pid, identity: identity(pid) });
    writeFileSync(join(directory, `.lock-of-${pid}-${randomUUID()}`), "");
    await expect(acquireLock(directory, testHost(directory))).rejects.toThrow(`by process ${pid} on box`);
    child.kill("SIGKILL");
    await once(child, "exit");
    const { notice } = await acquireLock(directory, testHost(directory));
    expect(notice).toBe(`took over ${join(directory, "lock")}: its process ${pid} has ended`);
    expect(readdirSync(directory)).toEqual(["lock"]);
    expect(JSON.parse(readFileSync(join(directory, "lock"), "utf8"))).toMatchObject({ pid: process.pid });
  });

  test("takes over a lock whose process number another process has now", async () => {
    lockOf({ pid: process.pid, identity: "an earlier boot" });
    expect((await acquireLock(directory, testHost(directory))).notice).not.toBeNull();
  });

  test("leaves the lock of another host alone, and says what to do", async () => {
    lockOf({ pid: 2 ** 30, hostname: "elsewhere" });
    await expect(acquireLock(directory, testHost(directory))).rejects.toThrow(
      new UsageError(
        `${directory} is being written by process ${2 ** 30} on elsewhere since noon; if that process has ended, delete ${join(directory, "lock")}`,
      ),
    );
  });

  test("lets exactly one of many take over", async () => {
    for (let round = 0; round < 50; round++) {
      lockOf({ pid: 2 ** 30, identity: "gone" });
      const hosts = Array.from({ length: 8 }, (_, i) =>
        testHost(directory, { pid: 1000 + i, processIdentity: (pid) => (pid < 2000 ? `alive ${pid}` : null) }),
      );
      const results = await Promise.allSettled(hosts.map((host) => acquireLock(directory, host)));
      const won = results.filter((result) => result.status === "fulfilled");
      expect(won.length).toBe(1);
      for (const { value } of won) await value.release();
      expect(readdirSync(directory)).toEqual([]);
    }
  });

  test("leaves the lock of a process that took over between its look and its grasp", async () => {
    lockOf({ pid: 2 ** 30, identity: "gone" });
    const slower = testHost(directory, {
      processIdentity: (pid) => {
        if (pid === 2 ** 30) lockOf({ pid: 1000, identity: "alive" }); // the faster one acts at this very moment
        return pid === 1000 ? "alive" : null;
      },
    });
    await expect(acquireLock(directory, slower)).rejects.toThrow("is being written by process 1000 on box");
    expect(readdirSync(directory)).toEqual(["lock"]);
    expect(JSON.parse(readFileSync(join(directory, "lock"), "utf8"))).toMatchObject({ pid: 1000 });
  });

  test("takes over from an heir that was killed before it could replace the lock", async () => {
    const [first, second] = [randomUUID(), randomUUID()];
    lockOf({ pid: 2 ** 30, identity: "gone", id: first });
    const lock = readFileSync(join(directory, "lock"), "utf8");
    lockOf({ pid: 2 ** 30 + 1, identity: "gone", id: second });
    renameSync(join(directory, "lock"), join(directory, `.lock-after-${first}`));
    writeFileSync(join(directory, "lock"), lock);
    const { release } = await acquireLock(directory, testHost(directory));
    expect(JSON.parse(readFileSync(join(directory, "lock"), "utf8"))).toMatchObject({ pid: process.pid });
    expect(readdirSync(directory)).toEqual(["lock"]);
    await release();
  });

  test("refuses while an heir is at work", async () => {
    const first = randomUUID();
    lockOf({ pid: process.pid, identity: identity(process.pid) });
    renameSync(join(directory, "lock"), join(directory, `.lock-after-${first}`));
    lockOf({ pid: 2 ** 30, identity: "gone", id: first });
    await expect(acquireLock(directory, testHost(directory))).rejects.toThrow(`by process ${process.pid} on box`);
  });

  test("releases only its own lock", async () => {
    const lock = await acquireLock(directory, testHost(directory));
    lockOf({ hostname: "elsewhere" });
    await lock.release();
    expect(readdirSync(directory)).toEqual(["lock"]);
  });

  test("refuses a lock that is none", async () => {
    writeFileSync(join(directory, "lock"), "hello");
    await expect(acquireLock(directory, testHost(directory))).rejects.toThrow(
      new FormatError(join(directory, "lock"), "is not valid JSON"),
    );
  });
});

describe("processIdentity(pid, signal)", () => {
  test("is the same text for a process while it runs, and null when there is none", () => {
    expect(identity(process.pid)).toBe(identity(process.pid));
    expect(identity(process.pid)).not.toBe(identity(process.ppid));
    expect(identity(2 ** 30)).toBeNull();
  });
});
