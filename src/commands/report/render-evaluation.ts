// From an evaluation to its report: one page, and its pictures as PNG files. No file is read or written here.
import { drawEvaluation, type EvaluationPictureName } from "./draw-evaluation.ts";
import { type EvaluationPageInput, evaluationPage } from "./evaluation-page.ts";
import { fontWarnings } from "./png.ts";

export interface EvaluationReport {
  readonly html: string;
  readonly pictures: Partial<Record<EvaluationPictureName, Uint8Array>>;
  /** What the person should know; nothing here makes the page itself wrong. */
  readonly warnings: readonly string[];
}

export const renderEvaluation = async (input: EvaluationPageInput): Promise<EvaluationReport> => {
  const { page, files } = await drawEvaluation(input.evaluation, input.classes);
  return { html: evaluationPage(input, page), pictures: files, warnings: await fontWarnings() };
};
