// Whether the memory of a long training stays level: trains a tiny network from JPEG files by the command line, samples the process's
// resident memory each second, and writes the slope into docs/records/memory-slope.json.
//
//   node dist/bench/memory-slope/memory-slope.js --minutes 8
import { spawn } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { UsageError } from "../../src/base/errors.ts";
import { metricsRecords } from "../../src/commands/run-directory/metrics-log.ts";
import { repository } from "../records-folder.ts";
import { thisMachine } from "../this-machine.ts";
import { fitSlope, type Sample } from "./fit-slope.ts";
import { writeWorkload } from "./workload.ts";

const mainFile = fileURLToPath(new URL("../../src/cli/main.js", import.meta.url));
/** Left out: the heap is still finding its size. */
const warmupFraction = 1 / 4;

const residentMebibytes = (pid: number): number => {
  const found = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"));
  if (found === null) throw new Error("the system doesn't tell the process's resident memory");
  return Number(found[1]) / 1024;
};

const minutesAsked = (): number => {
  const { values } = parseArgs({ options: { minutes: { type: "string", default: "8" } } });
  const minutes = Number(values.minutes);
  if (minutes >= 2) return minutes;
  throw new UsageError(`--minutes should be a number of at least 2 but is "${values.minutes}"`);
};

const round = (value: number): number => Math.round(value * 100) / 100;

/** Trains for so long and samples meanwhile. */
const measure = async (folder: string, words: readonly string[], seconds: number) => {
  const child = spawn(process.execPath, [mainFile, ...words], { cwd: folder, stdio: ["ignore", "ignore", "pipe"] });
  let said = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    said = (said + text).slice(-2000);
  });
  const ended = new Promise<void>((resolve) => child.on("close", () => resolve()));
  const samples: Sample[] = [];
  const begin = performance.now();
  const passed = (): number => (performance.now() - begin) / 1000;
  while (passed() < seconds) {
    await wait(1000);
    if (child.exitCode !== null || child.pid === undefined) throw new Error(`the training ended: ${said}`);
    samples.push({ seconds: passed(), mebibytes: residentMebibytes(child.pid) });
  }
  child.kill("SIGINT");
  await ended;
  return samples;
};

const folder = await mkdtemp(join(tmpdir(), "residual-memory-"));
try {
  const minutes = minutesAsked();
  const words = await writeWorkload(folder);
  const samples = await measure(folder, words, minutes * 60);
  const counted = samples.filter(({ seconds }) => seconds >= minutes * 60 * warmupFraction);
  const { perHour, interval, blocks } = fitSlope(counted);
  const file = join(folder, "run/metrics.jsonl");
  const records = [...metricsRecords(readFileSync(file), file)].map(({ record }) => record);
  const [steps, epochs] = ["step", "epoch"].map((event) => records.filter((record) => record.event === event).length);
  const { cpu, cores } = thisMachine();
  const document = {
    formatVersion: 1,
    what: "resident memory of a training from JPEG files (tiny network; averages, accumulation, mixup, validation, checkpoints)",
    command: ["residual", ...words],
    minutes,
    warmupMinutesLeftOut: minutes * warmupFraction,
    samples: counted.length,
    blocks,
    steps,
    epochs,
    slopeMebibytesPerHour: round(perHour),
    slopeInterval95: interval.map(round),
    slopeBytesPerStep: Math.round(((perHour / 3600) * 2 ** 20 * minutes * 60) / (steps || 1)),
    residentMebibytes: {
      first: round(counted[0]?.mebibytes ?? Number.NaN),
      last: round(counted.at(-1)?.mebibytes ?? Number.NaN),
      most: round(Math.max(...samples.map(({ mebibytes }) => mebibytes))),
    },
    tenHoursWouldAddMebibytes: interval.map((end) => round(end * 10)),
    eachTenSeconds: samples.filter((_, i) => i % 10 === 0).map((s) => [Math.round(s.seconds), round(s.mebibytes)]),
    hardware: { cpu, cores },
    node: process.versions.node,
  };
  writeFileSync(join(repository, "docs/records/memory-slope.json"), `${JSON.stringify(document, null, 2)}\n`);
  console.error(
    `${minutes} minutes, ${steps} steps: ${round(perHour)} MiB an hour (95 % ${interval.map(round).join(" to ")})`,
  );
} catch (error) {
  if (!(error instanceof Error)) throw error;
  console.error(`memory-slope: ${error.message}`);
  process.exitCode = error instanceof UsageError ? 2 : 1;
} finally {
  await rm(folder, { recursive: true, force: true });
}
