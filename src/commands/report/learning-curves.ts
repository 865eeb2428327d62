// The picture of a training: loss of each step, accuracy after each epoch, learning rate; three charts over one axis of steps.
import * as Plot from "@observablehq/plot";
import { accuracyChart, lastAccuracies, splitSizes } from "./accuracy-chart.ts";
import { binSteps, pointsPerBin, type StepBin } from "./binned-steps.ts";
import { formatCount, formatNumber, formatPercent } from "./format.ts";
import { sizeNames, sizesInWords } from "./image-sizes.ts";
import type { ReportInput } from "./input.ts";
import { type Markup, markup } from "./markup.ts";
import type { Palette } from "./palette.ts";
import { chart, compose, label, type Panel, type Picture } from "./picture.ts";
import { chartWidth, margins, stepAxis, stepAxisName, stepFrame, valueAxis } from "./step-axis.ts";

/** As many means as the charts have room for: one every 4 pixels or so. */
const mostBins = 160;

/** The numbers 1, 2, 5 times powers of ten from just below the lowest loss to just above the highest. */
export const lossTicks = (bins: readonly StepBin[]): readonly number[] => {
  if (bins.length === 0) return [];
  const low = Math.min(...bins.map(({ lowestLoss }) => lowestLoss));
  const high = Math.max(...bins.map(({ highestLoss }) => highestLoss));
  const decades = Math.ceil(Math.log10(high)) - Math.floor(Math.log10(low));
  // Over many decades only powers of ten find room.
  const digits = decades > 3 ? [1] : [1, 2, 5];
  const round = Array.from({ length: decades + 2 }, (_, i) => Math.floor(Math.log10(low)) + i).flatMap((power) =>
    digits.map((digit) => Number(`${digit}e${power}`)),
  );
  const first = round.findLastIndex((value) => value <= low);
  const last = round.findIndex((value) => value >= high);
  // A curve of one constant value still needs a scale of some extent.
  return round.slice(Math.max(0, first), Math.max(last, first + 1) + 1);
};

/** Loss on a logarithmic scale (late progress is a matter of ratios); losses of 0 have no place on it. */
const lossChart = (input: ReportInput, bins: readonly StepBin[], palette: Palette, height: number): Markup => {
  const { options, rules } = stepFrame(input, palette, height);
  const positive = bins.filter(({ lowestLoss }) => lowestLoss > 0);
  const ticks = lossTicks(positive);
  const spread = { x: "step", y1: "lowestLoss", y2: "highestLoss", fill: palette.train, fillOpacity: 0.18 } as const;
  return chart({
    ...options,
    y: { type: "log", domain: [ticks.at(0) ?? 0.1, ticks.at(-1) ?? 10] },
    marks: [
      valueAxis(palette, ticks, (value) => formatNumber(value)),
      rules,
      Plot.areaY(positive, spread),
      Plot.line(positive, { x: "step", y: "loss", stroke: palette.train, strokeWidth: 1.75 }),
      sizeNames(input.epochs, palette),
    ],
  });
};

const rateChart = (input: ReportInput, bins: readonly StepBin[], palette: Palette, height: number): Markup => {
  const { options, rules } = stepFrame(input, palette, height);
  const highest = bins.reduce((most, { learningRate }) => Math.max(most, learningRate), 0);
  return chart({
    ...options,
    y: { domain: [0, highest > 0 ? highest : 1], nice: true },
    marks: [
      valueAxis(palette, 3, (value) => formatNumber(value)),
      rules,
      stepAxis(input, palette),
      Plot.line(bins, { x: "step", y: "learningRate", stroke: palette.muted, strokeWidth: 1.75 }),
    ],
  });
};

/** Learning curves; with a heading where the picture is to stand alone. */
export const learningCurves = (input: ReportInput, palette: Palette, alone: boolean): Picture => {
  const size = pointsPerBin(input.curves.length, mostBins);
  const bins = binSteps(input.curves, size);
  const last = bins.at(-1);
  const sizes = sizesInWords(input.epochs);
  const rows = [
    {
      name: "Training loss",
      detail: `nats, logarithmic scale; ${size === 1 ? "each step" : `mean of ${formatCount(size)} steps in a row (${formatCount(size * input.training.batch)} images), band from lowest to highest`}`,
      height: 230,
      draw: lossChart,
    },
    {
      name: "Accuracy",
      detail: `after each epoch, with 95 % interval${splitSizes(input.epochs)}; thin line: training batches`,
      height: 230,
      draw: accuracyChart,
    },
    { name: "Learning rate", detail: "of each step", height: 120, draw: rateChart },
  ];
  const panels: Panel[] = [];
  let y = 18;
  for (const { name, detail, height, draw } of rows) {
    const heading = markup`<tspan font-size="14" font-weight="600" fill="${palette.ink}">${name}</tspan><tspan dx="10">${detail}</tspan>`;
    panels.push({ x: 0, y, content: markup`<text text-anchor="start" fill="${palette.muted}">${heading}</text>` });
    panels.push({ x: 0, y: y + 8, content: draw(input, bins, palette, height) });
    y += height + 26;
  }
  const middle = margins.left + (chartWidth - margins.left - margins.right) / 2;
  panels.push({
    x: 0,
    y: 0,
    content: label(middle, y - 4, stepAxisName(input), { fill: palette.muted, anchor: "middle" }),
  });
  return compose({
    id: "learning-curves",
    width: chartWidth,
    height: y + 6,
    palette,
    heading: alone ? `${input.title}: learning curves` : null,
    title: "Learning curves",
    description: [
      `Training loss, accuracy and learning rate over ${formatCount(input.training.steps)} steps.`,
      ...(last === undefined ? [] : [`The last training loss is ${formatNumber(last.loss)} nats.`]),
      ...(sizes === "" ? [] : [`Training images are ${sizes}.`]),
      ...lastAccuracies(input.epochs).map(
        ({ split, value }) => `The last ${split} accuracy is ${formatPercent(value)}.`,
      ),
    ].join(" "),
    panels,
  });
};
