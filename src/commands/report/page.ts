// The report as a page that needs nothing else: no script, no network (its policy forbids both), pictures inside.
import type { Metric } from "../../evaluate/interval.ts";
import { leftOutNote } from "./confusion-picture.ts";
import { formatCount, formatDuration, formatInterval, formatLarge, formatMetric, formatProbability } from "./format.ts";
import type { Evaluation, ReportInput } from "./input.ts";
import { type Markup, markup, trusted } from "./markup.ts";
import type { DrawnMistake } from "./mistakes-picture.ts";
import type { Picture } from "./picture.ts";
import { stylesheet } from "./stylesheet.ts";
import { classTable, confusionTable, epochTable } from "./tables.ts";

/** The pictures of a page; without an evaluation there is no confusion matrix. */
export interface PagePictures {
  readonly learningCurves: Picture;
  readonly confusion: Picture | null;
  readonly mistakes: readonly DrawnMistake[];
}

const figure = (metric: Metric, name: string, images: string, first = false): Markup =>
  markup`<div${first ? markup` class="first"` : ""}><dt>${name}</dt><dd>${formatMetric(metric)}${metric.unit === "nats" ? " nats" : ""}<small>95 % interval ${formatInterval(metric)}</small><small>n = ${formatCount(metric.n)} ${images}</small></dd></div>`;

const headline = (evaluation: Evaluation): Markup => {
  const { split, accuracy, top5, loss } = evaluation;
  const images = `${split} images`;
  return markup`<dl class="headline">${figure(accuracy, `${split === "test" ? "Test" : "Validation"} accuracy`, images, true)}${
    top5 === null ? "" : figure(top5, "Among the five likeliest", images)
  }${figure(loss, "Cross-entropy", images)}</dl>`;
};

const facts = ({ network, data, training, hardware, startedAt, facts: more }: ReportInput): Markup => {
  const held = data.validationImages === 0 ? "" : ` + ${formatCount(data.validationImages)} validation`;
  const trained = training.steps * training.batch;
  const rows: readonly (readonly [string, string])[] = [
    ["Network", network.name],
    ["Parameters", formatCount(network.parameters)],
    ["Multiply-accumulates", `${formatLarge(network.macs)} an image`],
    ["Input (C × H × W)", network.input.join(" × ")],
    ["Data", data.name],
    ["Images", `${formatCount(data.trainImages)} train${held} + ${formatCount(data.testImages)} test`],
    ["Epochs", formatCount(training.epochs)],
    ["Steps", `${formatCount(training.steps)} of ${formatCount(training.batch)} images`],
    ["Time", formatDuration(training.seconds)],
    ["Speed", `${formatCount(training.imagesPerSecond)} images/s (n = ${formatCount(trained)})`],
    ["Number format", training.dtype],
    ["Engine", `${training.engine}, ${formatCount(training.threads)} ${training.threads === 1 ? "thread" : "threads"}`],
    ["Hardware", hardware],
    ["Seed", String(training.seed)],
    ...(startedAt === null ? [] : [["Started", startedAt] as const]),
    ...more.map(({ name, value }) => [name, value] as const),
  ];
  return markup`<dl class="facts">${rows.map(([name, value]) => markup`<div><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>`;
};

const mistakeItem = (mistake: DrawnMistake, classes: readonly string[], split: string): Markup => {
  const name = (c: number) => classes[c] ?? `class ${c}`;
  const [said, is] = [name(mistake.predicted), name(mistake.actual)];
  const [pSaid, pIs] = [formatProbability(mistake.predictedProbability), formatProbability(mistake.actualProbability)];
  const bar = (share: number, colour: string) =>
    markup`<svg class="bar" viewBox="0 0 100 4" preserveAspectRatio="none" aria-hidden="true"><rect width="100" height="4" fill="var(--grid)"/><rect width="${Math.max(0.6, 100 * Math.min(1, share))}" height="4" fill="var(--${colour})"/></svg>`;
  return markup`<li><img src="${mistake.dataUri}" alt="${split} image ${mistake.image}: the network said ${said} with probability ${pSaid}; it is ${is}, given ${pIs}" width="180" height="180">
<div><span>said <b>${said}</b></span><span>${pSaid}</span></div>${bar(mistake.predictedProbability, "wrong")}
<div><span>is <b>${is}</b></span><span>${pIs}</span></div>${bar(mistake.actualProbability, "right")}</li>\n`;
};

const evaluationSections = (evaluation: Evaluation, pictures: PagePictures, classes: readonly string[]): Markup => {
  const { split, confusion, accuracy, mistakes } = evaluation;
  const unanswered = confusion.unanswered.reduce((sum, count) => sum + count, 0);
  const wrong = accuracy.n - Math.round(accuracy.value * accuracy.n);
  return markup`<h2>What is taken for what</h2>
<p>Each row holds the ${split} images of one class, each column what they were taken for. Blue is right, orange is wrong; the two have colour scales of their own, by the square root of the count.${leftOutNote(confusion)}${unanswered === 0 ? "" : ` For ${formatCount(unanswered)} images the network gave no answer: its output was not a number.`}</p>
<figure><div class="scroll">${trusted(pictures.confusion?.text ?? "")}</div></figure>
<details><summary>Numbers: every count, and the accuracy of each class</summary><div class="scroll">${confusionTable(confusion, classes)}${classTable(confusion, classes)}</div></details>
<h2>Most confidently wrong</h2>
${
  mistakes.length === 0
    ? markup`<p>No ${split} image was given a wrong class (n = ${formatCount(accuracy.n)}).</p>`
    : markup`<p>The ${formatCount(mistakes.length)} of ${formatCount(wrong)} wrong answers (n = ${formatCount(accuracy.n)} ${split} images) that the network was surest of. Percentages are its softmax probabilities of the class it said and of the class it is.</p>
<ol class="mistakes">${pictures.mistakes.map((mistake) => mistakeItem(mistake, classes, split))}</ol>`
}`;
};

/** The whole page. Throws nothing: what is not a number is called so. */
export const reportPage = (input: ReportInput, pictures: PagePictures): string => {
  const { evaluation, curves, epochs } = input;
  const broken = curves.filter(({ loss }) => !Number.isFinite(loss)).length;
  return markup`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">
<title>${input.title}</title>
<style>${trusted(stylesheet)}</style>
</head>
<body>
<main>
<p class="kind">Training report</p>
<h1>${input.title}</h1>
${evaluation === null ? markup`<p class="muted">Training stopped before there was anything to evaluate.</p>` : headline(evaluation)}
${facts(input)}
<h2>How it learned</h2>
${broken === 0 ? "" : markup`<p>The loss of ${formatCount(broken)} recorded ${broken === 1 ? "step was" : "steps were"} not finite; the curves leave them out.</p>`}
<figure><div class="scroll">${trusted(pictures.learningCurves.text)}</div></figure>
${epochs.length === 0 ? "" : markup`<details><summary>Numbers: each epoch</summary><div class="scroll">${epochTable(epochs)}</div></details>`}
${evaluation === null ? "" : evaluationSections(evaluation, pictures, input.classes)}
<h2>Do it again</h2>
<pre class="command"><code>${input.command}</code></pre>
<p>The recipe, as the run used it:</p>
<pre><code>${JSON.stringify(input.recipe, null, 2) ?? "null"}</code></pre>
<footer class="muted"><p>Accuracy is the fraction of images whose likeliest class is the right one. Its 95 % interval is Wilson's score interval: it covers the accuracy on endlessly many such images in 95 of 100 samples, and says nothing of other seeds. Loss is the mean cross-entropy in nats.</p></footer>
</main>
</body>
</html>
`.text;
};
