// The confusion matrix as a picture: rows are what images are, columns what they were taken for. The blue diagonal is right,
// orange is wrong; the two have scales of their own, since right answers outnumber any one mistake by far.
import * as Plot from "@observablehq/plot";
import { type ConfusionMatrix, imagesOfClass, perClassAccuracy } from "../../evaluate/confusion.ts";
import { formatCount, formatPercent } from "./format.ts";
import { markup, printable, shorten } from "./markup.ts";
import type { Palette } from "./palette.ts";
import { chart, compose, label, type Picture } from "./picture.ts";

/** More classes than this don't fit with their counts: those with the most mistakes are shown, and the title says so. */
const mostClasses = 20;
const cellPixels = 46;
const longestName = 18;

interface Cell {
  readonly row: number;
  readonly column: number;
  readonly count: number;
  readonly right: boolean;
  /** 0 … 1, by the square root of the count, so that single mistakes can be seen. */
  readonly strength: number;
}

/** The classes of a picture, in the order of their indices. */
export const shownClasses = (confusion: ConfusionMatrix): readonly number[] => {
  const all = Array.from({ length: confusion.classes }, (_, c) => c);
  if (confusion.classes <= mostClasses) return all;
  const wrong = all.map((c) => imagesOfClass(confusion, c) - confusion.counts[c * confusion.classes + c]!);
  return all
    .sort((a, b) => wrong[b]! - wrong[a]! || a - b)
    .slice(0, mostClasses)
    .sort((a, b) => a - b);
};

/** What a reader should know of a picture without every class; empty where it has them all. */
export const leftOutNote = (confusion: ConfusionMatrix): string =>
  confusion.classes <= mostClasses
    ? ""
    : ` Shown are the ${mostClasses} of ${formatCount(confusion.classes)} classes with the most mistakes.`;

const cellsOf = (confusion: ConfusionMatrix, shown: readonly number[]): readonly Cell[] => {
  const counted = shown.flatMap((actual, row) =>
    shown.map((predicted, column) => ({
      row,
      column,
      count: confusion.counts[actual * confusion.classes + predicted]!,
      right: actual === predicted,
    })),
  );
  const most = (right: boolean) =>
    Math.max(1, ...counted.filter((cell) => cell.right === right).map(({ count }) => count));
  const [mostRight, mostWrong] = [most(true), most(false)];
  return counted.map((cell) => ({ ...cell, strength: Math.sqrt(cell.count / (cell.right ? mostRight : mostWrong)) }));
};

/** The confusion matrix of `split`; with a heading where the picture is to stand alone. */
export const confusionPicture = (
  confusion: ConfusionMatrix,
  classes: readonly string[],
  split: string,
  palette: Palette,
  alone: boolean,
): Picture => {
  const shown = shownClasses(confusion);
  const names = shown.map((c) => shorten(printable(classes[c] ?? `class ${c}`), longestName));
  const accuracies = perClassAccuracy(confusion);
  const cells = cellsOf(confusion, shown);
  // A system font's letters are some 0.6 of its size wide.
  const nameWidth = Math.max(...names.map((name) => [...name].length), 6) * 7 + 14;
  const [left, top, right] = [nameWidth + 22, nameWidth * 0.62 + 36, 128];
  const side = shown.length * cellPixels;
  const rowTexts = shown.map((c) => {
    const accuracy = accuracies[c] ?? null;
    return accuracy === null ? "no images" : `${formatPercent(accuracy.value, 1)} of ${formatCount(accuracy.n)}`;
  });
  const band = { domain: names.map((_, i) => i), padding: 0.04, label: null } as const;
  const axis = { tickSize: 0, fontSize: 12, fill: palette.ink, label: null, tickFormat: (i: number) => names[i] ?? "" };
  const content = chart({
    width: left + side + right,
    height: top + side + 6,
    marginLeft: left,
    marginTop: top,
    marginRight: right,
    marginBottom: 6,
    x: { ...band, axis: null },
    y: { ...band, axis: null },
    marks: [
      Plot.cell(cells, { x: "column", y: "row", fill: palette.grid, fillOpacity: 0.45, rx: 3 }),
      ...[true, false].map((isRight) =>
        Plot.cell(
          cells.filter((cell) => cell.right === isRight && cell.count > 0),
          {
            x: "column",
            y: "row",
            fill: isRight ? palette.right : palette.wrong,
            fillOpacity: { value: (cell: Cell) => 0.12 + 0.88 * cell.strength, scale: null },
            rx: 3,
          },
        ),
      ),
      ...[true, false].map((strong) =>
        Plot.text(
          cells.filter((cell) => cell.count > 0 && cell.strength > 0.72 === strong),
          {
            x: "column",
            y: "row",
            text: (cell: Cell) => formatCount(cell.count),
            fill: strong ? "#ffffff" : palette.ink,
            fontSize: 12,
            fontWeight: 500,
          },
        ),
      ),
      Plot.text(rowTexts, {
        y: (_, row) => row,
        text: (text: string) => text,
        frameAnchor: "right",
        textAnchor: "start",
        dx: 12,
        fontSize: 12,
        fill: palette.ink,
      }),
      Plot.axisX({ ...axis, anchor: "top", tickRotate: -45, textAnchor: "start", tickPadding: 8 }),
      Plot.axisY({ ...axis, anchor: "left", tickPadding: 8 }),
    ],
  });
  const middle = top + side / 2;
  const caption = { fill: palette.muted, anchor: "middle" } as const;
  const images = Array.from({ length: confusion.classes }, (_, c) => imagesOfClass(confusion, c)).reduce(
    (a, b) => a + b,
    0,
  );
  return compose({
    id: "confusion",
    width: left + side + right,
    height: top + side + 6,
    palette,
    heading: alone ? `Confusion matrix: ${formatCount(images)} ${split} images.${leftOutNote(confusion)}` : null,
    title: "Confusion matrix",
    description: `Counts of ${formatCount(images)} ${split} images by actual class (row) and predicted class (column).${leftOutNote(confusion)} The table holds every number.`,
    panels: [
      { x: 0, y: 0, content },
      { x: 0, y: 0, content: label(left + side / 2, 16, "predicted class", caption) },
      {
        x: 14,
        y: middle,
        content: markup`<g transform="rotate(-90)">${label(0, 0, "actual class", caption)}</g>`,
      },
      { x: 0, y: 0, content: label(left + side + 12, top - 10, "right, of n images", { fill: palette.muted }) },
    ],
  });
};
