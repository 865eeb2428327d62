// The report of `residual evaluate --out`: the same figures and pictures as a training's, and what was asked beside them.
import { protocolText, reassessedLines } from "../evaluate/describe.ts";
import type { EvaluateDocument, ReassessedDocument } from "../evaluate/document.ts";
import { type EvaluationPictures, evaluationSections, headline } from "./evaluation-sections.ts";
import { formatCount, formatMetric, formatPercent } from "./format.ts";
import type { Evaluation } from "./input.ts";
import { type Markup, markup } from "./markup.ts";
import { factList, wholePage } from "./page-frame.ts";

export interface EvaluationPageInput {
  readonly title: string;
  readonly evaluation: Evaluation;
  readonly document: EvaluateDocument;
  readonly classes: readonly string[];
  /** Names and values: network, data, hardware … */
  readonly facts: readonly (readonly [name: string, value: string])[];
  readonly command: string;
}

const memberTable = (members: EvaluateDocument["members"]): Markup =>
  members === undefined
    ? markup``
    : markup`<h2>Each network alone</h2>
<p>The figures of this page are of the mean of their probabilities.</p>
<div class="scroll"><table><thead><tr><th scope="col">network</th><th scope="col">top-1</th><th scope="col">top-5</th><th scope="col">loss</th></tr></thead>
<tbody>${members.map(
        ({ weights, top1, top5, loss }) =>
          markup`<tr><th scope="row">${weights}</th><td>${formatPercent(top1)}</td><td>${formatPercent(top5)}</td><td>${loss.toFixed(4)}</td></tr>\n`,
      )}</tbody></table></div>\n`;

const reassessedSection = (reassessed: ReassessedDocument | undefined): Markup =>
  reassessed === undefined
    ? markup``
    : markup`<h2>By re-assessed labels</h2>\n<ul>${reassessedLines(reassessed).map((line) => markup`<li>${line}</li>\n`)}</ul>\n`;

/** The whole page. Strings may hold anything: they are escaped. */
export const evaluationPage = (input: EvaluationPageInput, pictures: EvaluationPictures): string => {
  const { title, evaluation, document, classes, facts, command } = input;
  const { top1Error, top5Error, broken } = document;
  const rows = [
    ["Protocol", protocolText(document.protocol)],
    ["Top-1 error", formatPercent(top1Error)],
    ["Top-5 error", formatPercent(top5Error)],
    ["Cross-entropy (NLL)", `${formatMetric(evaluation.loss)} nats`],
    ...(document.calibration === null
      ? []
      : ([
          ["ECE", formatPercent(document.calibration.ece)],
          ["Brier score", document.calibration.brier.toFixed(4)],
        ] as const)),
    ["Broken images, left out", formatCount(broken)],
    ...facts,
  ] as const;
  return wholePage(
    title,
    markup`<p class="kind">Evaluation</p>
<h1>${title}</h1>
${headline(evaluation)}
${factList(rows)}
${memberTable(document.members)}${reassessedSection(document.reassessed)}${evaluationSections(evaluation, pictures, classes)}
<h2>Do it again</h2>
<pre class="command"><code>${command}</code></pre>
<footer class="muted"><p>Accuracy is the fraction of images whose likeliest class is the right one; error is what is missing to 100 %. Its 95 % interval is Wilson's score interval. Loss is the mean cross-entropy in nats.</p></footer>`,
  );
};
