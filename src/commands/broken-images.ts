// What becomes of images that can't be used: with --strict the command stops and lists them, and a training keeps a list of them in its
// run directory.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { UsageError } from "../base/errors.ts";
import { writeTextAtomically } from "../checkpoint/node/atomic-file.ts";
import type { DataSet } from "../data/data-set.ts";
import type { BrokenImageNotice } from "../data/node/data-set-options.ts";
import { printable } from "../data/node/printable.ts";
import type { CommandEnvironment } from "./environment.ts";
import { openLogFile } from "./run-directory/log-file.ts";

type Teller = Pick<CommandEnvironment, "onEvent">;

/** Lines of an error; the rest is counted. */
const mostLines = 50;

const sentences = ({ leftOut = [] }: DataSet): readonly string[] =>
  leftOut.map(({ file, problem }) => `${printable(file)} ${problem}`);

/** Throws UsageError, with a line for each, where opening the data left files out. */
export const refuseLeftOut = (data: DataSet): void => {
  const all = sentences(data);
  if (all.length === 0) return;
  const more = all.length > mostLines ? [`and ${all.length - mostLines} more`] : [];
  const files = all.length === 1 ? "1 file" : `${all.length} files`;
  throw new UsageError(
    [`${files} of ${data.name} can't be used, and --strict allows none:`, ...all.slice(0, mostLines), ...more].join(
      "\n  ",
    ),
  );
};

/** The same environment, where an image that turns out broken ends the work: UsageError. */
export const strictly = <E extends Teller>(environment: E): E => ({
  ...environment,
  onEvent: (event) => {
    if (event.event !== "broken") return environment.onEvent(event);
    throw new UsageError(
      `${event.problem}; --strict stops at the first image that can't be decoded, and residual data inspect lists all`,
    );
  },
});

/** In a run directory: JSON lines of what was left out when the data were opened, and what turned out broken later. */
export const brokenImagesFile = "broken-images.jsonl";

const lineOf = (found: "opening" | BrokenImageNotice["use"], problem: string): string =>
  JSON.stringify({ found, problem });

/** What makes a line another one: libvips words the reason in brackets now so, now so, for the same file. */
const keyOf = (line: string): string => line.replace(/ \(.*\)"\}$/, "");

/** The whole lines of a file; none where it isn't there. What a kill cut off is no line. */
const wholeLines = (path: string): readonly string[] => {
  try {
    return readFileSync(path, "utf8").split("\n").slice(0, -1);
  } catch {
    return [];
  }
};

/** Adds a line whole or not at all. Throws FileError (full disk …). */
const appendLine = (path: string, line: string): void => {
  const log = openLogFile(path, ({ length }) => length);
  try {
    log.append(new TextEncoder().encode(`${line}\n`));
  } finally {
    log.close();
  }
};

/**
 * The same environment, where each image that turns out broken is written into the run directory as well, once however often the run is
 * gone on with. There is no file while there are none.
 */
export const listingBroken = async <E extends Teller>(environment: E, directory: string, data: DataSet): Promise<E> => {
  const path = join(directory, brokenImagesFile);
  const opening = sentences(data).map((sentence) => lineOf("opening", sentence));
  const listed = new Map([...opening, ...wholeLines(path)].map((line) => [keyOf(line), line]));
  // Written anew, so that a line that was cut off goes.
  if (listed.size > 0) await writeTextAtomically(path, `${[...listed.values()].join("\n")}\n`);
  return {
    ...environment,
    onEvent: (event) => {
      if (event.event === "broken") {
        const line = lineOf(event.use, event.problem);
        if (!listed.has(keyOf(line))) appendLine(path, line);
        listed.set(keyOf(line), line);
      }
      environment.onEvent(event);
    },
  };
};
