// Progress bars on stderr: the only file that uses cli-progress.
import { Presets, SingleBar } from "cli-progress";
import { printable } from "../data/node/printable.ts";

export interface ProgressBar {
  /** Shows a bar, or moves the one that is shown. `text` stands behind the counts. */
  update(task: string, done: number, total: number, text: string): void;
  /** Takes the bar away, so that a line can be printed in its place. */
  clear(): void;
}

/** Counts are shown as they are; a bar of another task takes the place of the one before it. */
export const createProgressBar = (stream: NodeJS.WriteStream): ProgressBar => {
  let bar: SingleBar | null = null;
  let shown = "";
  const clear = (): void => {
    bar?.stop();
    bar = null;
  };
  return {
    update: (named, done, total, text) => {
      const task = printable(named);
      if (bar === null || shown !== task) {
        clear();
        shown = task;
        bar = new SingleBar(
          {
            stream,
            format: "{task} {bar} {value}/{total}  {text}",
            barsize: 24,
            clearOnComplete: true,
            hideCursor: true,
            linewrap: false,
            fps: 5,
            gracefulExit: false, // signals are the command line's: an interrupted training writes a checkpoint first
          },
          Presets.shades_classic,
        );
        bar.start(total, done, { task, text });
      }
      bar.update(done, { task, text });
    },
    clear,
  };
};
