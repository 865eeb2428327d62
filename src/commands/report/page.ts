// The report as a page that needs nothing else: no script, no network (its policy forbids both), pictures inside.
import { type EvaluationPictures, evaluationSections, headline } from "./evaluation-sections.ts";
import { formatCount, formatDuration, formatLarge } from "./format.ts";
import type { ReportInput } from "./input.ts";
import { type Markup, markup, trusted } from "./markup.ts";
import { factList, wholePage } from "./page-frame.ts";
import type { Picture } from "./picture.ts";
import { epochTable } from "./tables.ts";

/** The pictures of a page. */
export interface PagePictures extends EvaluationPictures {
  readonly learningCurves: Picture;
}

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
  return factList(rows);
};

/** The whole page. Throws nothing: what is not a number is called so. */
export const reportPage = (input: ReportInput, pictures: PagePictures): string => {
  const { evaluation, curves, epochs } = input;
  const broken = curves.filter(({ loss }) => !Number.isFinite(loss)).length;
  return wholePage(
    input.title,
    markup`<p class="kind">Training report</p>
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
<footer class="muted"><p>Accuracy is the fraction of images whose likeliest class is the right one. Its 95 % interval is Wilson's score interval: it covers the accuracy on endlessly many such images in 95 of 100 samples, and says nothing of other seeds. Loss is the mean cross-entropy in nats.</p></footer>`,
  );
};
