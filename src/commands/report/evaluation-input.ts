// The facts of an evaluation as a report has them: with the pixels of its most confident mistakes.
import { openShown } from "../../data/node/shown-pixels.ts";
import type { Preprocessing } from "../../data/preprocessing.ts";
import type { ImageSource } from "../../data/source.ts";
import { calibrationOf } from "../../evaluate/calibration.ts";
import { softmax } from "../../evaluate/cross-entropy.ts";
import type { Evaluation as MeasuredEvaluation } from "../../evaluate/evaluate.ts";
import { mostConfidentlyWrong } from "../../evaluate/mistakes.ts";
import { likeliestOf } from "../../evaluate/prediction-rows.ts";
import type { Evaluation, Mistake } from "./input.ts";

const shownLikeliest = 5;

/** The `count` most confidently wrong images, with their pixels as the network's preprocessing cuts them. */
export const mistakesOf = async (
  { logits, labels, images }: Pick<MeasuredEvaluation, "logits" | "labels" | "images">,
  source: ImageSource,
  preprocessing: Preprocessing,
  count: number,
): Promise<readonly Mistake[]> => {
  const shown = openShown(source, preprocessing);
  const classes = logits.shape[1] ?? 0;
  const mistakes: Mistake[] = [];
  for (const wrong of mostConfidentlyWrong(logits, labels, count)) {
    const image = images[wrong.image] ?? wrong.image;
    const { bytes, offset, shape } = await shown(image);
    const size = shape[0] * shape[1] * shape[2];
    const probabilities = softmax(logits.data.subarray(wrong.image * classes, (wrong.image + 1) * classes));
    mistakes.push({
      ...wrong,
      image,
      pixels: bytes.slice(offset, offset + size),
      shape,
      likeliest: likeliestOf(probabilities, shownLikeliest),
      file: source.kind === "files" ? (source.paths[image] ?? null) : null,
    });
  }
  return mistakes;
};

/** Of an evaluation of `source`, whose images are shown as `preprocessing` cuts them; so many mistakes at most. */
export const evaluationInput = async (
  evaluation: MeasuredEvaluation,
  source: ImageSource,
  preprocessing: Preprocessing,
  mistakes: number,
): Promise<Evaluation> => {
  const { split, top1, top5, loss, confusion, logits, labels } = evaluation;
  return {
    split,
    accuracy: top1,
    loss,
    top5: confusion.classes > 5 ? top5 : null,
    confusion,
    calibration: calibrationOf(logits, labels),
    mistakes: await mistakesOf(evaluation, source, preprocessing, mistakes),
  };
};
