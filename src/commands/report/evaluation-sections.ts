// The parts of a page that tell an evaluation: headline, confusion matrix, calibration, most confident mistakes. A training's report
// and an evaluation's are made of the same ones.
import type { Calibration } from "../../evaluate/calibration.ts";
import type { Metric } from "../../evaluate/interval.ts";
import { leftOutNote } from "./confusion-picture.ts";
import { formatCount, formatInterval, formatMetric, formatPercent, formatProbability } from "./format.ts";
import type { Evaluation } from "./input.ts";
import { type Markup, markup, trusted } from "./markup.ts";
import type { DrawnMistake } from "./mistakes-picture.ts";
import type { Picture } from "./picture.ts";
import { classTable, confusionTable } from "./tables.ts";

/** The pictures of an evaluation. */
export interface EvaluationPictures {
  readonly confusion: Picture | null;
  readonly reliability: Picture | null;
  readonly mistakes: readonly DrawnMistake[];
}

const figure = (metric: Metric, name: string, images: string, first = false): Markup =>
  markup`<div${first ? markup` class="first"` : ""}><dt>${name}</dt><dd>${formatMetric(metric)}${metric.unit === "nats" ? " nats" : ""}<small>95 % interval ${formatInterval(metric)}</small><small>n = ${formatCount(metric.n)} ${images}</small></dd></div>`;

/** The figures that matter, large. */
export const headline = (evaluation: Evaluation): Markup => {
  const { split, accuracy, top5, loss } = evaluation;
  const images = `${split} images`;
  return markup`<dl class="headline">${figure(accuracy, `${split.slice(0, 1).toUpperCase()}${split.slice(1)} accuracy`, images, true)}${
    top5 === null ? "" : figure(top5, "Among the five likeliest", images)
  }${figure(loss, "Cross-entropy", images)}</dl>`;
};

const mistakeItem = (mistake: DrawnMistake, classes: readonly string[], split: string): Markup => {
  const name = (c: number) => classes[c] ?? `class ${c}`;
  const [said, is] = [name(mistake.predicted), name(mistake.actual)];
  const [pSaid, pIs] = [formatProbability(mistake.predictedProbability), formatProbability(mistake.actualProbability)];
  const bar = (share: number, colour: string) =>
    markup`<svg class="bar" viewBox="0 0 100 4" preserveAspectRatio="none" aria-hidden="true"><rect width="100" height="4" fill="var(--grid)"/><rect width="${Math.max(0.6, 100 * Math.min(1, share))}" height="4" fill="var(--${colour})"/></svg>`;
  return markup`<li><img src="${mistake.dataUri}" alt="${split} image ${mistake.image}: the network said ${said} with probability ${pSaid}; it is ${is}, given ${pIs}" width="180" height="180">
<div><span>said <b>${said}</b></span><span>${pSaid}</span></div>${bar(mistake.predictedProbability, "wrong")}
<div><span>is <b>${is}</b></span><span>${pIs}</span></div>${bar(mistake.actualProbability, "right")}
<details><summary>${mistake.file === null ? markup`image ${mistake.image}` : mistake.file}</summary><ol>${mistake.likeliest.map(
    ({ label, probability }) => markup`<li>${name(label)} ${formatProbability(probability)}</li>`,
  )}</ol></details></li>\n`;
};

/** Each bin of the reliability diagram. */
const reliabilityTable = ({ bins }: Calibration): Markup =>
  markup`<table><caption>Answers by their probability: how many, how sure on average, how often right.</caption>
<thead><tr><th scope="col">probability</th><th scope="col">images (n)</th><th scope="col">confidence</th><th scope="col">accuracy</th></tr></thead>
<tbody>${bins.map(
    ({ low, high, images, confidence, accuracy }) =>
      markup`<tr><th scope="row">${formatPercent(low, 1)} … ${formatPercent(high, 1)}</th><td>${formatCount(images)}</td><td>${confidence === null ? "–" : formatPercent(confidence)}</td><td>${accuracy === null ? "–" : formatPercent(accuracy)}</td></tr>\n`,
  )}</tbody></table>`;

const calibrationSection = (calibration: Calibration, picture: Picture, split: string): Markup =>
  markup`<h2>Is it right as often as it is sure?</h2>
<p>Expected calibration error ${formatPercent(calibration.ece)} (${calibration.bins.length} bins of equal width, Guo et al. 2017; the worst bin is ${formatPercent(calibration.mce)} off), Brier score ${calibration.brier.toFixed(4)} (0 … 2), n = ${formatCount(calibration.n)} ${split} images. Mean confidence is ${formatPercent(calibration.confidence)}: ${calibration.bins.some(({ images }) => images > 0 && images < 30) ? "bins of few images say little, as their 95 % rules show." : "each bar has its 95 % interval as a rule."}</p>
<figure><div class="scroll">${trusted(picture.text)}</div></figure>
<details><summary>Numbers: each bin</summary><div class="scroll">${reliabilityTable(calibration)}</div></details>
`;

/** Confusion, calibration, mistakes. */
export const evaluationSections = (
  evaluation: Evaluation,
  pictures: EvaluationPictures,
  classes: readonly string[],
): Markup => {
  const { split, confusion, accuracy, calibration, mistakes } = evaluation;
  const unanswered = confusion.unanswered.reduce((sum, count) => sum + count, 0);
  const wrong = accuracy.n - Math.round(accuracy.value * accuracy.n);
  return markup`<h2>What is taken for what</h2>
<p>Each row holds the ${split} images of one class, each column what they were taken for. Blue is right, orange is wrong; the two have colour scales of their own, by the square root of the count.${leftOutNote(confusion)}${unanswered === 0 ? "" : ` For ${formatCount(unanswered)} images the network gave no answer: its output was not a number.`}</p>
<figure><div class="scroll">${trusted(pictures.confusion?.text ?? "")}</div></figure>
<details><summary>Numbers: every count, and the accuracy of each class</summary><div class="scroll">${confusionTable(confusion, classes)}${classTable(confusion, classes)}</div></details>
${calibration === null || pictures.reliability === null ? "" : calibrationSection(calibration, pictures.reliability, split)}<h2>Most confidently wrong</h2>
${
  mistakes.length === 0
    ? markup`<p>No ${split} image was given a wrong class (n = ${formatCount(accuracy.n)}).</p>`
    : markup`<p>The ${formatCount(mistakes.length)} of ${formatCount(wrong)} wrong answers (n = ${formatCount(accuracy.n)} ${split} images) that the network was surest of. Percentages are its softmax probabilities of the class it said and of the class it is.</p>
<ol class="mistakes">${pictures.mistakes.map((mistake) => mistakeItem(mistake, classes, split))}</ol>`
}`;
};
