#!/usr/bin/env node
// The command line's composition root: it names streams, clock, signals and engines, runs one command, and sets the exit status.
import { performance } from "node:perf_hooks";
import { recipes } from "../../recipes/index.ts";
import { nodeEnvironment, readVersion, useFonts } from "../library/node-environment.ts";
import { goOn } from "./answer-train.ts";
import { createEventPrinter } from "./event-printer.ts";
import { type ExitStatus, errorText, exitStatusOf } from "./exit-status.ts";
import { Interrupted, listenForSignals } from "./interruption.ts";
import { printableLines } from "./printable-lines.ts";
import { createProgram, type ProgramOptions, usageStatusOf } from "./program.ts";
import { createProgressBar } from "./progress-bar.ts";
import { isJsonLine, type Session } from "./session.ts";

const words = process.argv.slice(2);
let status: ExitStatus = 0;

const print = (line: string): void => {
  process.stderr.write(`${printableLines(line)}\n`);
};

/** A reader that has gone (`residual train … --json | head`) is no failure: the work goes on, untold. */
let isRead = true;
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw error;
  isRead = false;
});

const inSession: ProgramOptions["inSession"] = async (json, run) => {
  const bar = process.stderr.isTTY && !json ? createProgressBar(process.stderr) : null;
  const printer = createEventPrinter({ print, bar, monotonicMs: () => performance.now() });
  let directory: string | null = null;
  const writeJson = (value: unknown): void => {
    if (isRead) process.stdout.write(`${JSON.stringify(value)}\n`);
  };
  const interruption = listenForSignals(
    process,
    (name) => {
      printer.clear();
      print(
        directory === null
          ? `${name}: stopping`
          : `${name}: finishing the step and writing a checkpoint; once more to stop at once`,
      );
    },
    () => {
      printer.clear();
      print("stopped at once; what the last checkpoint holds is safe");
      process.exit(1);
    },
  );
  const environment = nodeEnvironment({
    command: ["residual", ...words],
    signal: interruption.signal,
    onEvent: (event) => {
      if (event.event === "run") directory = event.directory;
      if (!json || event.event === "warning" || event.event === "broken") printer.onEvent(event);
      if (json && isTraining && isJsonLine(event)) writeJson(event);
    },
  });
  const session: Session = {
    environment,
    json,
    print: (line) => {
      printer.clear();
      print(line);
    },
    writeJson,
  };
  try {
    status = (await run(session)) ?? 0;
  } catch (error) {
    printer.clear();
    if (error instanceof Interrupted && directory !== null) print(goOn(directory));
    throw error;
  } finally {
    printer.clear();
    interruption.stop();
  }
};

/** Train's events are its answer; those of other commands are for people. */
const isTraining = words.find((word) => !word.startsWith("-")) === "train";

const program = createProgram({
  version: readVersion(),
  recipes: [...recipes.keys()],
  print: (text) => process.stderr.write(printableLines(text)),
  inSession,
});
useFonts();
try {
  if (words.length === 0) {
    program.outputHelp({ error: true });
    status = 2;
  } else {
    await program.parseAsync(words, { from: "user" });
  }
} catch (error) {
  const ofUsage = usageStatusOf(error);
  status = ofUsage ?? exitStatusOf(error);
  if (ofUsage === null) print(errorText(error, words.includes("--debug")));
}
process.exitCode = status;
