// The process that kill.test.ts kills: it opens the run directory given and checkpoints as fast as it can.

import { existsSync } from "node:fs";
import { testCheckpoint, testHost, testRecord } from "./run-directory.test.data.ts";
import { createRunDirectory, openRunDirectory } from "./run-directory.ts";

const [path = "", elements = ""] = process.argv.slice(2);
const host = testHost("/", { now: () => Date.now() });
const options = { keepLast: 2 };
const run = existsSync(path)
  ? await openRunDirectory(path, host, options)
  : await createRunDirectory({ path }, testRecord, host, options);
process.stdout.write(`${JSON.stringify({ resumed: run.resumed?.step ?? null, notices: run.notices })}\n`);
for (let step = (run.resumed?.step ?? 0) + 1; ; step++) {
  run.appendMetrics({ step, loss: 1 / step, text: "x".repeat(step % 100) });
  run.appendScalars(step, { loss: 1 / step });
  // Every third step, so that the logs are ahead of the latest checkpoint most of the time.
  if (step % 3 !== 0) continue;
  // Every sixth is written again, as where an epoch is closed that a stop had left open.
  for (let times = 0; times < (step % 6 === 0 ? 2 : 1); times++) {
    await run.writeCheckpoint(testCheckpoint(step, Number(elements)), Math.sin(step));
  }
  process.stdout.write("a checkpoint\n");
}
