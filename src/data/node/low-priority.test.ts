import { execFile } from "node:child_process";
import { getPriority } from "node:os";
import { promisify } from "node:util";
import { describe, expect, test } from "vitest";

const run = promisify(execFile);

/** In a process of its own, for no thread gets its priority back: niceness by thread, field 19 of /proc/…/stat. */
const program = `
  const { readdirSync, readFileSync } = await import("node:fs");
  const { readFile } = await import("node:fs/promises");
  const { Worker } = await import("node:worker_threads");
  const source = "import(" + JSON.stringify(process.argv[1]) + ").then(async ({ lowerPriority }) => " +
    "(await import('node:worker_threads')).parentPort.postMessage(await lowerPriority())); setInterval(() => {}, 1000)";
  const lowered = await new Promise((resolve) => new Worker(source, { eval: true }).once("message", (n) => {
    const nice = (file) => Number(readFileSync(file, "utf8").split(") ")[1].split(" ")[16]);
    const threads = readdirSync("/proc/self/task").map((thread) => nice("/proc/self/task/" + thread + "/stat"));
    resolve({ lowered: n, atLowest: threads.filter((each) => each === 10).length, main: nice("/proc/self/stat") });
  }));
  const stat = await readFile("/proc/thread-self/stat", "utf8");
  console.log(JSON.stringify({ ...lowered, pool: Number(stat.split(") ")[1].split(" ")[16]) }));
  process.exit(0);
`;

describe.runIf(process.platform === "linux")("lowerPriority()", () => {
  test("lowers the calling thread and Node's pool, and neither the main thread nor any other", async () => {
    const module = new URL("./low-priority.js", import.meta.url).href;
    const { stdout } = await run(process.execPath, ["--input-type=module", "-e", program, module]);
    expect(JSON.parse(stdout)).toEqual({ lowered: 5, atLowest: 5, main: getPriority(), pool: 10 });
  });
});
