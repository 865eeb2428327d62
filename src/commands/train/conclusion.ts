// After training: the test split is evaluated, once; report, pictures and results are written into the run directory.
import { join } from "node:path";
import { writeFileAtomically, writeTextAtomically } from "../../checkpoint/node/atomic-file.ts";
import type { Engine } from "../../engine/contract.ts";
import type { EndEvent } from "../../train/events.ts";
import type { TrainingResult } from "../../train/training.ts";
import type { CommandEnvironment } from "../environment.ts";
import { evaluateModel } from "../evaluate/evaluate-model.ts";
import { checkpointPath } from "../run-directory/checkpoint-store.ts";
import type { RunDirectory } from "../run-directory/run-directory.ts";
import type { TrainedModel } from "../trained-model.ts";
import { eventImage } from "./event-images.ts";
import type { TrainOutcome } from "./options.ts";
import type { Preparation } from "./preparation.ts";
import { reportInput } from "./report-input.ts";

export const trainedModelOf = ({ spec, preprocessing, data }: Preparation, result: TrainingResult) =>
  ({ spec, tensors: result.checkpoint.model, preprocessing, classes: data.classes }) satisfies TrainedModel;

/** Finishes a run: evaluation, report.html, PNG files, `results` in run.json. */
export const conclude = async (
  directory: RunDirectory,
  preparation: Preparation,
  result: TrainingResult,
  engine: Engine,
  environment: CommandEnvironment,
): Promise<TrainOutcome> => {
  const { data, recipe } = preparation;
  const model = trainedModelOf(preparation, result);
  const evaluation = await evaluateModel(model, data.test, { split: "test", batch: recipe.batch }, engine, environment);
  const { checkpoint, imagesPerSecond, seconds } = result;
  const end: EndEvent = {
    event: "end",
    epochs: checkpoint.epoch,
    step: checkpoint.step,
    testAccuracy: evaluation.top1.value,
    testAccuracyInterval: evaluation.top1.interval,
    top5: evaluation.top5.value,
    loss: evaluation.loss.value,
    imagesPerSecond,
    seconds,
    checkpoint: checkpointPath(directory.path, checkpoint.step),
  };
  const { event: _, ...results } = end;
  await directory.writeRecord({
    ...directory.record,
    results: {
      ...results,
      testAccuracyInterval: [...results.testAccuracyInterval],
      testImages: evaluation.n,
      brokenTestImages: evaluation.broken.length,
    },
  });

  // Loaded when it is needed: what draws takes longer to load than most commands to answer.
  const { renderReport } = await import("../report/render-report.ts");
  const rendered = await renderReport(await reportInput(directory, preparation, result, evaluation));
  const report = join(directory.path, "report.html");
  await writeTextAtomically(report, rendered.html);
  const pictures: string[] = [];
  for (const [name, bytes] of Object.entries(rendered.pictures)) {
    const path = join(directory.path, name);
    await writeFileAtomically(path, [bytes]);
    if (name === "mistakes.png") directory.appendImage(checkpoint.step, "test/mistakes", eventImage(bytes));
    pictures.push(path);
  }
  for (const message of rendered.warnings) environment.onEvent({ event: "warning", message });
  environment.onEvent({ event: "report", file: report, pictures });
  environment.onEvent(end);
  return { kind: "end", directory: directory.path, end, model, evaluation, classes: data.classes, report, pictures };
};
