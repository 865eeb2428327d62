// The numbers behind the pictures, for readers who can't see them and for those who want every digit.
import { type ConfusionMatrix, imagesOfClass, perClassAccuracy } from "../../evaluate/confusion.ts";
import type { Metric } from "../../evaluate/interval.ts";
import { formatCount, formatDuration, formatInterval, formatMetric } from "./format.ts";
import { sizeSpans } from "./image-sizes.ts";
import type { EpochPoint } from "./input.ts";
import { type Markup, markup } from "./markup.ts";

/** Larger matrices would be pages of zeros: beyond this the table lists the mistakes that were made. */
const mostColumns = 25;
const mostPairs = 100;

const metricCell = (metric: Metric | undefined): Markup =>
  metric === undefined ? markup`<td>–</td>` : markup`<td>${formatMetric(metric)}</td>`;

export const epochTable = (epochs: readonly EpochPoint[]): Markup => {
  const measured = (["train", "validation", "test"] as const).filter((split) =>
    epochs.some((epoch) => epoch[split] !== null),
  );
  const grows = sizeSpans(epochs).length > 0;
  const imagesOf = (split: "train" | "validation" | "test") =>
    epochs.map((epoch) => epoch[split]?.accuracy.n).find((n) => n !== undefined) ?? 0;
  return markup`<table><caption>Each epoch: accuracy (fraction of images) and mean loss (nats), with n images a split.</caption>
<thead><tr><th scope="col">epoch</th><th scope="col">last step</th><th scope="col">seconds</th>${grows ? markup`<th scope="col">images</th>` : ""}${measured.map(
    (split) =>
      markup`<th scope="col">${split} accuracy<br><small>n = ${formatCount(imagesOf(split))}</small></th><th scope="col">${split} loss<br><small>n = ${formatCount(imagesOf(split))}</small></th>`,
  )}</tr></thead>
<tbody>${epochs.map(
    (epoch) =>
      markup`<tr><th scope="row">${epoch.epoch}</th><td>${formatCount(epoch.step)}</td><td>${formatDuration(epoch.seconds)}</td>${grows ? markup`<td>${epoch.imageSize?.join("×") ?? "–"}</td>` : ""}${measured.map(
        (split) => markup`${metricCell(epoch[split]?.accuracy)}${metricCell(epoch[split]?.loss)}`,
      )}</tr>\n`,
  )}</tbody></table>`;
};

const nameOf = (classes: readonly string[], c: number): string => classes[c] ?? `class ${c}`;

/** Each class: its images, accuracy and interval. */
export const classTable = (confusion: ConfusionMatrix, classes: readonly string[]): Markup =>
  markup`<table><caption>Accuracy of each class with its 95 % interval (Wilson).</caption>
<thead><tr><th scope="col">class</th><th scope="col">images (n)</th><th scope="col">accuracy</th><th scope="col">95 % interval</th></tr></thead>
<tbody>${perClassAccuracy(confusion).map((accuracy, c) =>
    accuracy === null
      ? markup`<tr><th scope="row">${nameOf(classes, c)}</th><td>0</td><td>–</td><td>–</td></tr>\n`
      : markup`<tr><th scope="row">${nameOf(classes, c)}</th><td>${formatCount(accuracy.n)}</td><td>${formatMetric(accuracy)}</td><td>${formatInterval(accuracy)}</td></tr>\n`,
  )}</tbody></table>`;

/** Every count, or for many classes the mistakes that were made most often. */
export const confusionTable = (confusion: ConfusionMatrix, classes: readonly string[]): Markup => {
  const indices = Array.from({ length: confusion.classes }, (_, c) => c);
  const countOf = (actual: number, predicted: number) => confusion.counts[actual * confusion.classes + predicted]!;
  const anyUnanswered = confusion.unanswered.some((count) => count > 0);
  if (confusion.classes <= mostColumns) {
    return markup`<table><caption>Images by actual class (row) and predicted class (column).</caption>
<thead><tr><th scope="col">actual</th>${indices.map((c) => markup`<th scope="col">${nameOf(classes, c)}</th>`)}${anyUnanswered ? markup`<th scope="col">no answer</th>` : ""}<th scope="col">n</th></tr></thead>
<tbody>${indices.map(
      (actual) =>
        markup`<tr><th scope="row">${nameOf(classes, actual)}</th>${indices.map((predicted) => markup`<td>${formatCount(countOf(actual, predicted))}</td>`)}${anyUnanswered ? markup`<td>${formatCount(confusion.unanswered[actual]!)}</td>` : ""}<td>${formatCount(imagesOfClass(confusion, actual))}</td></tr>\n`,
    )}</tbody></table>`;
  }
  const pairs = indices
    .flatMap((actual) => indices.map((predicted) => ({ actual, predicted, count: countOf(actual, predicted) })))
    .filter(({ actual, predicted, count }) => actual !== predicted && count > 0)
    .sort((a, b) => b.count - a.count);
  return markup`<table><caption>The ${Math.min(mostPairs, pairs.length)} mistakes made most often, of ${formatCount(pairs.length)} that were made.</caption>
<thead><tr><th scope="col">actual</th><th scope="col">predicted</th><th scope="col">images</th><th scope="col">of n</th></tr></thead>
<tbody>${pairs
    .slice(0, mostPairs)
    .map(
      ({ actual, predicted, count }) =>
        markup`<tr><th scope="row">${nameOf(classes, actual)}</th><td>${nameOf(classes, predicted)}</td><td>${formatCount(count)}</td><td>${formatCount(imagesOfClass(confusion, actual))}</td></tr>\n`,
    )}</tbody></table>`;
};
