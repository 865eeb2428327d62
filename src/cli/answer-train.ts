// `residual train`, from its options to its last lines.
import { join } from "node:path";
import { formatCount } from "../commands/report/format.ts";
import { modelFile } from "../commands/run-directory/checkpoint.ts";
import type { ResumeOptions, TrainOptions } from "../commands/train/options.ts";
import { resumeTraining, train } from "../commands/train.ts";
import type { ExitStatus } from "./exit-status.ts";
import type { Session } from "./session.ts";
import { factLines } from "./table.ts";

/** A path as a shell takes it. */
export const shellWord = (text: string): string =>
  /^[A-Za-z0-9_./:@%+,=-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;

/** How a run that was stopped is gone on with. */
export const goOn = (directory: string): string => `go on with: residual train --resume ${shellWord(directory)}`;

/** Gives 0 when it ended, 1 when it was interrupted. Its events are printed, or written as JSON lines, as they come. */
export const answerTrain = async (options: TrainOptions | ResumeOptions, session: Session): Promise<ExitStatus> => {
  const { environment, json, print } = session;
  const outcome = await ("resume" in options ? resumeTraining(options, environment) : train(options, environment));
  switch (outcome.kind) {
    case "estimate":
      if (!json) print("nothing was trained or written: this was a dry run");
      return 0;
    case "interrupted": {
      const { step, epoch, checkpoint, directory } = outcome;
      if (!json) {
        print(`stopped after step ${formatCount(step)} (${formatCount(epoch)} whole epochs); checkpoint ${checkpoint}`);
        print(goOn(directory));
      }
      return 1;
    }
    case "end": {
      const { directory, end, report, pictures } = outcome;
      if (json) return 0;
      const weights = end.checkpoint === null ? [] : [["weights", join(end.checkpoint, modelFile)] as const];
      for (const line of factLines([
        ...weights,
        ["report", report],
        ["pictures", pictures.join("  ")],
        ["try", `residual predict ${shellWord(directory)} picture.png`],
      ])) {
        print(line);
      }
      return 0;
    }
    default:
      return outcome satisfies never;
  }
};
