// Ctrl-C and SIGTERM during a training, on the built command line: what was interrupted is gone on with, and ends with the very
// bytes of the run that nobody interrupted.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Ended, residual, start } from "./command-line.ts";
import { linesOfMetrics, makeUnbroken, outcome, resume, train } from "./interruptible-run.ts";

let folder = "";
let remove = async (): Promise<void> => {};
beforeAll(async () => {
  ({ folder, remove } = await makeUnbroken());
});
afterAll(() => remove());

/** Starts a training and sends a signal once it has taken some steps. */
const interruptAfter = async (words: readonly string[], run: string, signal: NodeJS.Signals): Promise<Ended> => {
  const before = linesOfMetrics(folder, run);
  const { child, ended } = start(folder, words);
  while (linesOfMetrics(folder, run) < before + 30 && child.exitCode === null) await wait(5);
  child.kill(signal);
  return ended;
};

describe("an interrupted training", () => {
  test("finishes its step, writes a checkpoint, says how to go on, and resumes to the unbroken run's bytes", async () => {
    const first = await interruptAfter(train("stopped"), "stopped", "SIGINT");
    expect(first.stderr).toMatch(/^SIGINT: finishing the step and writing a checkpoint; once more to stop at once$/m);
    expect(first.stderr).toMatch(
      /^stopped after step \d+ \(\d+ whole epochs\); checkpoint .*stopped\/checkpoints\/\d+$/m,
    );
    expect(first.stderr).toMatch(/^go on with: residual train --resume .*stopped$/m);
    expect(first.status).toBe(1);
    const [, step] = /stopped after step (\d+)/.exec(first.stderr) ?? [];
    expect(existsSync(join(folder, "stopped", "checkpoints", step ?? "", "state.safetensors"))).toBe(true);
    expect(existsSync(join(folder, "stopped", "lock"))).toBe(false);

    const second = await interruptAfter(resume("stopped"), "stopped", "SIGTERM");
    expect(second.stderr).toMatch(/^SIGTERM: finishing the step/m);
    expect(second.stderr).toContain(`from step ${step} on`);
    expect(second.status).toBe(1);

    const last = await residual(folder, resume("stopped"));
    expect(last.status, last.stderr).toBe(0);
    expect(outcome(folder, "stopped")).toEqual(outcome(folder, "unbroken"));
  });

  test("ends at once at the second signal, and resumes all the same", async () => {
    const { child, ended } = start(folder, train("hurried"));
    while (linesOfMetrics(folder, "hurried") < 20 && child.exitCode === null) await wait(5);
    child.kill("SIGINT");
    child.kill("SIGTERM");
    const { status, stderr } = await ended;
    // The step under way may have ended between the two.
    expect(stderr).toMatch(/^stopped at once; what the last checkpoint holds is safe$|^go on with: /m);
    expect(status).toBe(1);
    const last = await residual(folder, resume("hurried"));
    expect(last.status, last.stderr).toBe(0);
    expect(outcome(folder, "hurried")).toEqual(outcome(folder, "unbroken"));
  });

  test("is refused to a second process while one trains", async () => {
    const { child, ended } = start(folder, train("locked"));
    while (linesOfMetrics(folder, "locked") < 5 && child.exitCode === null) await wait(5);
    const other = await residual(folder, resume("locked"));
    expect(other.stderr).toMatch(
      /^error: .*locked is being written by process \d+ .*; wait for it to end, or give this run another name$/m,
    );
    expect(other.status).toBe(2);
    child.kill("SIGTERM");
    expect((await ended).status).toBe(1);
  });
});
