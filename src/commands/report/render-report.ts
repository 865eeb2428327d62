// From the facts of a run to its report: one page, and its pictures as PNG files. No file is read or written here.
import { confusionPicture } from "./confusion-picture.ts";
import { formatCount } from "./format.ts";
import type { ReportInput } from "./input.ts";
import { learningCurves } from "./learning-curves.ts";
import { type DrawnMistake, mistakesPicture } from "./mistakes-picture.ts";
import { reportPage } from "./page.ts";
import { cssPalette, light } from "./palette.ts";
import { drawPng, lettersAreDrawn, pngDataUri, thumbnail } from "./png.ts";

/** The smallest side of an enlarged image, in pixels. */
const thumbnailSide = 168;

export type PictureName = "learning-curves.png" | "confusion.png" | "mistakes.png";

export interface Report {
  /** A self-contained page, for report.html. */
  readonly html: string;
  /** PNG bytes by file name; confusion and mistakes only where there are some. */
  readonly pictures: Partial<Record<PictureName, Uint8Array>>;
  /** What the person should know; nothing here makes the page itself wrong. */
  readonly warnings: readonly string[];
}

/**
 * Draws the report of a run. The page follows the reader's light or dark mode; the PNG files are light, at twice their
 * nominal size. Strings of the input may hold anything: they are escaped. Takes about a second.
 */
export const renderReport = async (input: ReportInput): Promise<Report> => {
  const { evaluation, classes } = input;
  const mistakes: readonly DrawnMistake[] = await Promise.all(
    (evaluation?.mistakes ?? []).map(async (mistake) => ({
      ...mistake,
      dataUri: pngDataUri(await thumbnail(mistake.pixels, mistake.shape, thumbnailSide)),
    })),
  );
  const pictures: Partial<Record<PictureName, Uint8Array>> = {
    "learning-curves.png": await drawPng(learningCurves(input, light, true).text),
  };
  if (evaluation !== null) {
    const { confusion, split, accuracy } = evaluation;
    const images = `${formatCount(accuracy.n)} ${split} images`;
    pictures["confusion.png"] = await drawPng(confusionPicture(confusion, classes, split, light, true).text);
    if (mistakes.length > 0) {
      pictures["mistakes.png"] = await drawPng(mistakesPicture(mistakes, classes, images, light).text);
    }
  }
  const html = reportPage(input, {
    learningCurves: learningCurves(input, cssPalette, false),
    confusion:
      evaluation === null ? null : confusionPicture(evaluation.confusion, classes, evaluation.split, cssPalette, false),
    mistakes,
  });
  const warnings = (await lettersAreDrawn())
    ? []
    : [
        "the PNG pictures of the report have no letters because this machine has no fonts (report.html is not affected): " +
          "install some, such as Debian's fonts-dejavu-core and fontconfig-config",
      ];
  return { html, pictures, warnings };
};
