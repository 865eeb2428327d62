// A process that checkpoints in a loop is killed (SIGKILL: no handler runs) at 20 random moments, each time going on from
// what the last one left. After each kill the latest checkpoint is whole and the logs, cut back, agree with it.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { isTemporaryName } from "../../checkpoint/node/atomic-file.ts";
import { checkpointSteps } from "./checkpoint-store.ts";
import { eventStep } from "./event-step.ts";
import { metricsRecords } from "./metrics-log.ts";
import { testCheckpoint, testHost } from "./run-directory.test.data.ts";
import { openRunDirectory, readLatest } from "./run-directory.ts";
import { framedRecords } from "./tf-record.ts";

let cwd = "";
beforeAll(() => {
  cwd = mkdtempSync(join(tmpdir(), "residual-kill-"));
});
afterAll(() => rmSync(cwd, { recursive: true, force: true }));

const childProgram = fileURLToPath(new URL("./kill.test.child.js", import.meta.url));
const elements = 20_000; // 160 kB a checkpoint: writing takes a good part of each turn

test("20 kills at random moments each leave the last whole checkpoint, and logs that can be cut back to it", async () => {
  const path = join(cwd, "run");
  const resumes: (number | null)[] = [];
  let leftovers = 0;
  let latestStep = 0;
  for (let kill = 0; kill < 20; kill++) {
    const child = spawn(process.execPath, [childProgram, path, String(elements)], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const exited = once(child, "exit");
    const [hello] = await Promise.race([once(child.stdout, "data"), exited]);
    const said: { resumed: number | null; notices: string[] } = JSON.parse(String(hello).split("\n")[0] ?? "");
    resumes.push(said.resumed);
    // Half of the kills come after a checkpoint, however slow the machine is.
    if (kill % 4 < 2) await Promise.race([once(child.stdout, "data"), exited]);
    await new Promise((resolve) => setTimeout(resolve, Math.random() * 150));
    child.kill("SIGKILL");
    expect(await exited).toEqual([null, "SIGKILL"]);

    // As a reader sees it, before anything is mended.
    const seen = await readLatest(path);
    expect(seen?.step ?? 0).toBeGreaterThanOrEqual(latestStep);
    latestStep = seen?.step ?? 0;
    if (seen) expect(seen).toEqual(testCheckpoint(seen.step, elements));
    const unfinished = readdirSync(path).concat(latestStep > 0 ? readdirSync(join(path, "checkpoints")) : []);
    if (unfinished.some(isTemporaryName)) leftovers++;

    // Every other time the next child mends it, else this process does.
    if (kill % 2 === 1 && kill < 19) continue;
    const run = await openRunDirectory(path, testHost("/"));
    expect(run.resumed?.step ?? 0).toBe(latestStep);
    expect(run.notices[0]).toMatch(/^took over .*: its process \d+ has ended$/);
    await run.close();
    const metrics = [...metricsRecords(readFileSync(join(path, "metrics.jsonl")), "metrics")];
    const events = [...framedRecords(readFileSync(join(path, "events.out.tfevents")), "events")];
    const steps = Array.from({ length: latestStep }, (_, i) => i + 1);
    expect(metrics.map(({ record }) => record.step)).toEqual(steps);
    expect(events.map(({ data }) => eventStep(data))).toEqual([0, ...steps]);
    expect((await checkpointSteps(path)).at(-1) ?? 0).toBe(latestStep);
    const names = readdirSync(path);
    if (latestStep > 0) names.push(...readdirSync(join(path, "checkpoints")));
    expect(names.filter((name) => name.startsWith("."))).toEqual([]);
  }
  expect(latestStep).toBeGreaterThanOrEqual(30); // ten checkpoints; some hundreds of steps where the disk is fast
  expect(new Set(resumes).size).toBeGreaterThan(2); // the runs did go on from one another
  console.log(`20 kills: ${latestStep} steps survived, ${leftovers} kills left something unfinished`);
}, 240_000);
