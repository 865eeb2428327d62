// The event file that TensorBoard draws curves from. Framing: tf-record.ts; messages: scalar-event.ts.
import { FormatError } from "../../base/errors.ts";
import { type LogFile, openLogFile } from "./log-file.ts";
import { eventStep, scalarEvent, versionEvent } from "./scalar-event.ts";
import { framedRecords, frameRecord } from "./tf-record.ts";

/** How many bytes hold the events up to and including `step`; what comes after the first later one isn't looked at. */
export const eventBytesUpTo = (content: Uint8Array, step: number, file: string): number => {
  let kept = 0;
  for (const { data, end } of framedRecords(content, file)) {
    const at = eventStep(data);
    if (at === null) throw new FormatError(file, "a record holds no TensorBoard event", kept);
    if (at > step) break;
    kept = end;
  }
  return kept;
};

export interface EventLog extends Pick<LogFile, "path" | "droppedBytes" | "sync" | "close"> {
  /** Adds one point, at `step`, to each of the curves named (`train/loss`). */
  append(step: number, scalars: Readonly<Record<string, number>>): void;
}

/**
 * Opens an event file (TensorBoard wants `tfevents` in its name) and cuts it back to `step` (−1: to nothing).
 * `now` gives milliseconds since 1970. Throws FormatError, FileError, UsageError.
 */
export const openEventLog = (path: string, step: number, now: () => number): EventLog => {
  let kept = 0;
  const { append, ...log } = openLogFile(path, (content) => {
    kept = eventBytesUpTo(content, step, path);
    return kept;
  });
  if (kept === 0) append(frameRecord(versionEvent(now() / 1000)));
  return { ...log, append: (at, scalars) => append(frameRecord(scalarEvent(now() / 1000, at, scalars))) };
};
