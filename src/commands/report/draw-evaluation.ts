// The pictures of an evaluation: for a page, whose colours follow the reader's mode, and as light PNG files.
import { confusionPicture } from "./confusion-picture.ts";
import type { EvaluationPictures } from "./evaluation-sections.ts";
import { formatCount } from "./format.ts";
import type { Evaluation } from "./input.ts";
import { type DrawnMistake, mistakesPicture } from "./mistakes-picture.ts";
import { cssPalette, light } from "./palette.ts";
import { drawPng, pngDataUri, thumbnail } from "./png.ts";
import { reliabilityPicture } from "./reliability-picture.ts";

/** The smallest side of an enlarged image, in pixels. */
const thumbnailSide = 168;

export type EvaluationPictureName = "confusion.png" | "reliability.png" | "mistakes.png";

export interface DrawnEvaluation {
  readonly page: EvaluationPictures;
  /** PNG bytes by file name; what there is nothing to draw of is missing. */
  readonly files: Partial<Record<EvaluationPictureName, Uint8Array>>;
}

export const drawEvaluation = async (evaluation: Evaluation, classes: readonly string[]): Promise<DrawnEvaluation> => {
  const { confusion, calibration, split, accuracy } = evaluation;
  const mistakes: readonly DrawnMistake[] = await Promise.all(
    evaluation.mistakes.map(async (mistake) => ({
      ...mistake,
      dataUri: pngDataUri(await thumbnail(mistake.pixels, mistake.shape, thumbnailSide)),
    })),
  );
  const files: Partial<Record<EvaluationPictureName, Uint8Array>> = {
    "confusion.png": await drawPng(confusionPicture(confusion, classes, split, light, true).text),
  };
  if (calibration !== null) {
    files["reliability.png"] = await drawPng(reliabilityPicture(calibration, split, light, true).text);
  }
  if (mistakes.length > 0) {
    const images = `${formatCount(accuracy.n)} ${split} images`;
    files["mistakes.png"] = await drawPng(mistakesPicture(mistakes, classes, images, light).text);
  }
  const page = {
    confusion: confusionPicture(confusion, classes, split, cssPalette, false),
    reliability: calibration === null ? null : reliabilityPicture(calibration, split, cssPalette, false),
    mistakes,
  };
  return { page, files };
};
