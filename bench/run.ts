// `npm run bench`: see the usage in options.ts. Progress goes to stderr; the records, and the page made of them, to files.
import { existsSync, readFileSync } from "node:fs";
import { homedir, loadavg } from "node:os";
import { join } from "node:path";
import { cacheFolder } from "../src/base/cache-folder.ts";
import { UsageError } from "../src/base/errors.ts";
import type { PeerRuntime } from "./cases.ts";
import { measureCurves } from "./curves/measure-curves.ts";
import { curvesFor } from "./curves/points.ts";
import { writeCurves } from "./curves/write-curves.ts";
import { measureLoaderCase } from "./loader/measure-loader-case.ts";
import { photographsFolder } from "./loader/photographs-folder.ts";
import { measureCase, type Runtime } from "./measure-case.ts";
import { type BenchRunOptions, parseOptions, usage } from "./options.ts";
import { compare } from "./record.ts";
import { recordsFolder, repository, writeLoaderRecord, writeRecord, writeResultsPage } from "./records-folder.ts";
import { ProcessFailure, runProcess, runToEnd } from "./run-process.ts";
import { thisMachine } from "./this-machine.ts";

const say = (line: string): void => console.error(`bench: ${line}`);
const run = (program: string, args: readonly string[]): Promise<unknown> => runProcess(program, args, repository);

/** The first interpreter that has what the peers need, or why none has. */
const findPython = async (pythons: readonly string[]): Promise<Runtime> => {
  let reason = "no interpreter was given";
  for (const path of pythons) {
    try {
      await run(path, ["-c", "import torch, torchvision; print('{}')"]);
      return { path };
    } catch (error) {
      if (!(error instanceof ProcessFailure)) throw error;
      reason = `${error.message} (on Debian: apt-get install python3-torch python3-torchvision)`;
    }
  }
  return { reason };
};

/** Installs the npm peers where they are not there: only when a case wants them. */
const findNpmPeers = async (): Promise<Runtime> => {
  const folder = join(repository, "bench/peers/npm");
  if (existsSync(join(folder, "node_modules/.package-lock.json"))) return { path: process.execPath };
  say("installing the npm peers: 300 MB in bench/peers/npm");
  try {
    await runToEnd("npm", ["ci", "--no-audit", "--no-fund", "--ignore-scripts"], folder);
    return { path: process.execPath };
  } catch (error) {
    if (!(error instanceof ProcessFailure)) throw error;
    return { reason: `npm ci in bench/peers/npm failed: ${error.message}` };
  }
};

const packageVersion = (): string => {
  const { version } = JSON.parse(readFileSync(join(repository, "package.json"), "utf8"));
  return String(version);
};

const runCases = async (options: BenchRunOptions, words: readonly string[]): Promise<void> => {
  const { cpu, cores, memoryBytes } = thisMachine();
  const [load = 0] = loadavg();
  if (load > 0.5)
    say(`the machine is not quiet (load ${load.toFixed(1)}): the rates will be too low, and the ratios off`);
  const place = () => ({
    ...{ run, node: process.execPath, say },
    about: {
      recordedAt: new Date().toISOString(),
      command: ["npm run bench", ...(words.length > 0 ? ["--", ...words] : [])].join(" "),
      hardware: { cpu, cores, memoryBytes },
      loadBefore: load,
      versions: { residual: packageVersion(), node: process.versions.node },
    },
  });
  const folder = options.out ?? (options.quick ? null : recordsFolder);
  if (options.curves) {
    const { threads, secondsOfPoint: seconds } = options;
    const record = await measureCurves(curvesFor(threads), { threads, seconds }, place());
    if (folder !== null) writeCurves(folder, record);
    return;
  }
  const wants = (runtime: PeerRuntime): boolean =>
    options.cases.some(({ peers }) => peers.some((peer) => peer.runtime === runtime));
  const unasked: Runtime = { reason: "no case asks for it" };
  const runtimes = {
    python: wants("python") ? await findPython(options.pythons) : unasked,
    npm: wants("npm") ? await findNpmPeers() : unasked,
  };
  for (const each of options.cases) {
    const record = await measureCase(each, options, { ...place(), runtimes });
    const { ours, best, roofFraction } = compare(record);
    const against = best === null ? "no peer" : `${best.ratio.median.toFixed(2)} × ${best.name}`;
    say(
      `${each.name}: ${ours.median.toFixed(1)} images/s, ${(roofFraction * 100).toFixed(0)} % of the roof, ${against}`,
    );
    if (folder !== null) writeRecord(folder, record);
  }
  if (options.loaderCases.length > 0) {
    await photographsFolder(cacheFolder(process.platform, homedir(), process.env), say);
  }
  for (const each of options.loaderCases) {
    const record = await measureLoaderCase(each, options, place());
    if (folder !== null) writeLoaderRecord(folder, record);
  }
  if (folder === recordsFolder) writeResultsPage();
};

const main = async (): Promise<number> => {
  const words = process.argv.slice(2);
  try {
    const options = parseOptions(words, thisMachine().cores);
    if (options === null) console.log(usage);
    else await runCases(options, words);
    return 0;
  } catch (error) {
    if (error instanceof UsageError || error instanceof ProcessFailure) {
      say(error.message);
      return error instanceof UsageError ? 2 : 1;
    }
    throw error;
  }
};

process.exitCode = await main();
