// What the charts of a training share: their width, and an axis of steps on which the ends of epochs are named.
import * as Plot from "@observablehq/plot";
import { formatCount } from "./format.ts";
import { sizeRules } from "./image-sizes.ts";
import type { EpochPoint, ReportInput } from "./input.ts";
import type { Palette } from "./palette.ts";

/** Pixels at scale 1. The right margin is for labels beside the ends of lines. */
export const chartWidth = 860;
export const margins = { left: 58, right: 136, top: 8, bottom: 24 } as const;

/** The ends of epochs to be named on the axis: at most a dozen, at round numbers. */
export const namedEpochs = (epochs: readonly EpochPoint[]): readonly EpochPoint[] => {
  const stride =
    [1, 2, 5, 10, 20, 50, 100, 200, 500].find((size) => epochs.length / size <= 12) ?? Math.ceil(epochs.length / 12);
  return epochs.filter(({ epoch }) => epoch % stride === 0);
};

export const lastStepOf = ({ curves, epochs }: ReportInput): number =>
  Math.max(1, ...curves.slice(-1).map(({ step }) => step), ...epochs.slice(-1).map(({ step }) => step));

/** The frame of one chart: sizes, the steps from 0 to the last, and a rule at the end of each named epoch and where images change. */
export const stepFrame = (input: ReportInput, palette: Palette, height: number) => ({
  options: {
    width: chartWidth,
    height,
    marginLeft: margins.left,
    marginRight: margins.right,
    marginTop: margins.top,
    marginBottom: margins.bottom,
    x: { domain: [0, lastStepOf(input)], axis: null },
  } satisfies Plot.PlotOptions,
  rules: [
    Plot.ruleX(namedEpochs(input.epochs), { x: "step", stroke: palette.grid, strokeDasharray: "2,3" }),
    sizeRules(input.epochs, palette),
  ],
});

/** Horizontal grid and the numbers at its left. */
export const valueAxis = (
  palette: Palette,
  ticks: number | readonly number[],
  format: (value: number) => string,
): Plot.Markish[] => [
  Plot.gridY({ stroke: palette.grid, strokeOpacity: 1, ticks }),
  Plot.axisY({
    fill: palette.muted,
    fontSize: 12,
    tickSize: 0,
    tickPadding: 8,
    label: null,
    ticks,
    tickFormat: format,
  }),
];

/** The axis itself, for the lowest chart: the number of each named epoch at its last step, or steps before the first. */
export const stepAxis = (input: ReportInput, palette: Palette): Plot.Markish => {
  const named = namedEpochs(input.epochs);
  const style = { fill: palette.muted, stroke: palette.muted, fontSize: 12, tickSize: 4, label: null } as const;
  if (named.length === 0) return Plot.axisX({ ...style, ticks: 8 });
  const names = new Map(named.map(({ step, epoch }) => [step, String(epoch)]));
  return Plot.axisX([...names.keys()], { ...style, tickFormat: (step: number) => names.get(step) ?? "" });
};

/** What the axis counts: "epoch ended (1 epoch = 468 steps of 128 images)". */
export const stepAxisName = ({ epochs, training }: ReportInput): string => {
  const [first] = epochs;
  if (first === undefined || namedEpochs(epochs).length === 0) return `step (of ${formatCount(training.batch)} images)`;
  const steps = first.step / first.epoch;
  return `end of epoch (1 epoch = ${formatCount(steps)} steps of ${formatCount(training.batch)} images)`;
};
