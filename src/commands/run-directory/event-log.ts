// The event file that TensorBoard draws curves from. Framing: tf-record.ts; messages: summary-events.ts.
import { FormatError } from "../../base/errors.ts";
import { versionEvent } from "./event-fields.ts";
import { eventStep } from "./event-step.ts";
import type { Histogram } from "./histogram.ts";
import { type LogFile, openLogFile } from "./log-file.ts";
import { type EventImage, histogramEvent, imageEvent, scalarEvent } from "./summary-events.ts";
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
  appendImage(step: number, tag: string, image: EventImage): void;
  /** By tag. */
  appendHistograms(step: number, histograms: ReadonlyMap<string, Histogram>): void;
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
  const add = (event: Uint8Array): void => append(frameRecord(event));
  return {
    ...log,
    append: (at, scalars) => add(scalarEvent(now() / 1000, at, scalars)),
    appendImage: (at, tag, image) => add(imageEvent(now() / 1000, at, tag, image)),
    appendHistograms: (at, histograms) => add(histogramEvent(now() / 1000, at, histograms)),
  };
};
