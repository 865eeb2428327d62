// Kill -9 at random moments of a training, on the built command line: each time it is gone on with, and it ends with the very bytes
// of the run that nobody killed.
import { existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { randomPurposes, randomStream } from "../../src/base/philox.ts";
import { residual, type Started, start } from "./command-line.ts";
import { linesOfMetrics, makeUnbroken, outcome, resume, train } from "./interruptible-run.ts";

const kills = 20;
/** Of these, how many come at any time since the process was started; the others come while it takes steps. */
const anyTimeEvery = 4;
const longestMs = 400;

let folder = "";
let remove = async (): Promise<void> => {};
beforeAll(async () => {
  ({ folder, remove } = await makeUnbroken());
});
afterAll(() => remove());

/** Until the process says that its first step comes next. */
const untilSteps = ({ child }: Started): Promise<void> =>
  new Promise((resolve) => {
    let text = "";
    child.stderr.on("data", (more: string) => {
      text += more;
      if (/^network /m.test(text)) resolve();
    });
  });

test(`a training killed at ${kills} random moments resumes from each, to the unbroken run's bytes`, {
  timeout: 180_000,
}, async () => {
  const stream = randomStream(1, randomPurposes.synthetic, 0, 0);
  const runs: string[] = [];
  let [killed, whileStepping] = [0, 0];
  while (killed < kills) {
    const run = `killed-${runs.length + 1}`;
    runs.push(run);
    for (let isOver = false; !isOver && killed < kills; ) {
      // A kill before run.json came before the run had begun: it is begun anew.
      const hasBegun = existsSync(join(folder, run, "run.json"));
      if (!hasBegun) rmSync(join(folder, run), { recursive: true, force: true });
      const before = linesOfMetrics(folder, run);
      const started = start(folder, hasBegun ? resume(run) : train(run));
      const beginning = killed % anyTimeEvery === 0 ? Promise.resolve() : untilSteps(started);
      await Promise.race([started.ended, beginning.then(() => wait(longestMs * stream.uniform()))]);
      started.child.kill("SIGKILL");
      const { status, signal, stderr } = await started.ended;
      isOver = signal !== "SIGKILL";
      if (isOver) expect(status, stderr).toBe(0);
      else killed++;
      if (!isOver && linesOfMetrics(folder, run) > before) whileStepping++;
    }
  }
  // Otherwise nothing was tested.
  expect(whileStepping).toBeGreaterThan(kills / 4);
  const unbroken = outcome(folder, "unbroken");
  for (const run of runs) {
    const hasBegun = existsSync(join(folder, run, "run.json"));
    const ended = await residual(folder, hasBegun ? resume(run) : train(run));
    expect(ended.status, ended.stderr).toBe(0);
    expect(outcome(folder, run)).toEqual(unbroken);
  }
});
