// The chart of accuracies: of training batches as a thin line, of whole splits after each epoch as points with intervals.
import * as Plot from "@observablehq/plot";
import type { StepBin } from "./binned-steps.ts";
import { formatCount, formatNumber, formatPercent } from "./format.ts";
import type { EpochPoint, ReportInput } from "./input.ts";
import { type Markup, markup } from "./markup.ts";
import type { Palette } from "./palette.ts";
import { chart, label } from "./picture.ts";
import { chartWidth, margins, stepFrame, valueAxis } from "./step-axis.ts";

const splits = [
  { name: "train", symbol: "circle" },
  { name: "validation", symbol: "diamond" },
  { name: "test", symbol: "square" },
] as const;
type Split = (typeof splits)[number]["name"];

interface EpochMark {
  readonly step: number;
  readonly value: number;
  readonly low: number;
  readonly high: number;
}

const marksOf = (epochs: readonly EpochPoint[], split: Split): readonly EpochMark[] =>
  epochs.flatMap((epoch) => {
    const accuracy = epoch[split]?.accuracy;
    if (accuracy === undefined || !Number.isFinite(accuracy.value)) return [];
    return [{ step: epoch.step, value: accuracy.value, low: accuracy.interval[0], high: accuracy.interval[1] }];
  });

/** The last accuracy of each split that was measured, in the order train, validation, test. */
export const lastAccuracies = (
  epochs: readonly EpochPoint[],
): readonly { readonly split: Split; readonly value: number }[] =>
  splits.flatMap(({ name }) =>
    marksOf(epochs, name)
      .slice(-1)
      .map(({ value }) => ({ split: name, value })),
  );

/** The images behind the points: ": n = 60,000 train, 10,000 test". */
export const splitSizes = (epochs: readonly EpochPoint[]): string => {
  const sizes = splits.flatMap(({ name }) => {
    const n = epochs.map((epoch) => epoch[name]?.accuracy.n).findLast((size) => size !== undefined);
    return n === undefined ? [] : [`${formatCount(n)} ${name}`];
  });
  return sizes.length === 0 ? "" : `: n = ${sizes.join(", ")}`;
};

/**
 * The range of accuracies worth showing, in steps of 0.05: what whole splits reached, their intervals included; without
 * any, what batches reached.
 */
export const accuracyRange = (epochs: readonly EpochPoint[], bins: readonly StepBin[]): readonly [number, number] => {
  const marks = splits.flatMap(({ name }) => marksOf(epochs, name));
  const values =
    marks.length > 0 ? marks.flatMap(({ low, high }) => [low, high]) : bins.flatMap(({ accuracy }) => accuracy ?? []);
  if (values.length === 0) return [0, 1];
  return [Math.floor(Math.min(...values) * 20) / 20, Math.max(0.05, Math.ceil(Math.max(...values) * 20) / 20)];
};

/** Moves heights down, keeping their order, until neighbours differ by at least `gap`. */
export const spreadApart = (heights: readonly number[], gap: number): readonly number[] => {
  const order = heights.map((_, i) => i).sort((a, b) => heights[a]! - heights[b]!);
  const moved = [...heights];
  for (let i = 1; i < order.length; i++) moved[order[i]!] = Math.max(moved[order[i]!]!, moved[order[i - 1]!]! + gap);
  return moved;
};

/** The chart with the last accuracy of each split beside the end of its line. */
export const accuracyChart = (
  input: ReportInput,
  bins: readonly StepBin[],
  palette: Palette,
  height: number,
): Markup => {
  const [low, high] = accuracyRange(input.epochs, bins);
  const { options, rules } = stepFrame(input, palette, height);
  const series = splits
    .map((split) => ({ ...split, colour: palette[split.name], marks: marksOf(input.epochs, split.name) }))
    .filter(({ marks }) => marks.length > 0);
  const batches = bins.filter(({ accuracy }) => accuracy !== null && accuracy >= low && accuracy <= high);
  const content = chart({
    ...options,
    y: { domain: [low, high] },
    marks: [
      valueAxis(palette, 5, (value) => formatPercent(value, 0)),
      rules,
      Plot.line(batches, { x: "step", y: "accuracy", stroke: palette.train, strokeOpacity: 0.5, strokeWidth: 1.25 }),
      series.flatMap(({ marks, colour, symbol }) => [
        Plot.ruleX(marks, { x: "step", y1: "low", y2: "high", stroke: colour, strokeWidth: 1.25 }),
        Plot.line(marks, { x: "step", y: "value", stroke: colour, strokeWidth: 1.75 }),
        Plot.dot(marks, {
          x: "step",
          y: "value",
          symbol,
          fill: colour,
          stroke: palette.background,
          strokeWidth: 1,
          r: marks.length > 15 ? 3.5 : 4.5,
        }),
      ]),
    ],
  });
  const plotted = height - margins.top - margins.bottom;
  const ends = series.map(({ marks }) => marks.at(-1)?.value ?? low);
  const heights = spreadApart(
    ends.map((value) => margins.top + plotted * (1 - (value - low) / (high - low))),
    16,
  );
  const labels = series.map(({ name, colour }, i) =>
    label(chartWidth - margins.right + 12, (heights[i] ?? 0) + 4, `${name} ${formatNumber(100 * (ends[i] ?? 0))} %`, {
      fill: colour,
      weight: 600,
    }),
  );
  return markup`${content}${labels}`;
};
