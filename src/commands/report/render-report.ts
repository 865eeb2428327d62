// From the facts of a run to its report: one page, and its pictures as PNG files. No file is read or written here.
import { drawEvaluation, type EvaluationPictureName } from "./draw-evaluation.ts";
import type { ReportInput } from "./input.ts";
import { learningCurves } from "./learning-curves.ts";
import { reportPage } from "./page.ts";
import { cssPalette, light } from "./palette.ts";
import { drawPng, fontWarnings } from "./png.ts";

export type PictureName = "learning-curves.png" | EvaluationPictureName;

export interface Report {
  /** A self-contained page, for report.html. */
  readonly html: string;
  /** PNG bytes by file name; of an evaluation only where there was one. */
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
  const drawn = evaluation === null ? null : await drawEvaluation(evaluation, classes);
  const html = reportPage(input, {
    learningCurves: learningCurves(input, cssPalette, false),
    ...(drawn?.page ?? { confusion: null, reliability: null, mistakes: [] }),
  });
  const curves = await drawPng(learningCurves(input, light, true).text);
  return { html, pictures: { "learning-curves.png": curves, ...drawn?.files }, warnings: await fontWarnings() };
};
