// The reliability diagram (Guo et al. 2017, figure 1): how often the network is right, by how sure it is; and how sure it is how often.
// A calibrated network's bars end on the diagonal.
import * as Plot from "@observablehq/plot";
import type { Calibration, ReliabilityBin } from "../../evaluate/calibration.ts";
import { wilsonInterval } from "../../evaluate/interval.ts";
import { formatCount, formatPercent } from "./format.ts";
import type { Palette } from "./palette.ts";
import { chart, compose, label, type Picture } from "./picture.ts";

const [width, height, gap] = [400, 340, 60];
const margins = { left: 52, right: 12, top: 30, bottom: 44 } as const;

interface Bar extends ReliabilityBin {
  readonly right: number;
  readonly sure: number;
  readonly ends: readonly [low: number, high: number];
}

const barsOf = ({ bins }: Calibration): readonly Bar[] =>
  bins.flatMap((bin) => {
    const { accuracy, confidence, images } = bin;
    if (accuracy === null || confidence === null) return [];
    return [{ ...bin, right: accuracy, sure: confidence, ends: wilsonInterval(Math.round(accuracy * images), images) }];
  });

const frame = (palette: Palette, domain: readonly [number, number]): Plot.PlotOptions => ({
  width,
  height,
  marginLeft: margins.left,
  marginRight: margins.right,
  marginTop: margins.top,
  marginBottom: margins.bottom,
  x: { domain: [0, 1], axis: null },
  y: { domain: [...domain], axis: null },
  marks: [
    Plot.gridY({ stroke: palette.grid, strokeOpacity: 1, ticks: 5 }),
    Plot.axisX({
      ticks: 5,
      tickSize: 4,
      fontSize: 12,
      label: null,
      fill: palette.ink,
      stroke: palette.muted,
      tickFormat: (value: number) => formatPercent(value, 0),
    }),
    Plot.axisY({
      ticks: 5,
      tickSize: 0,
      fontSize: 12,
      label: null,
      fill: palette.ink,
      tickFormat: (value: number) => formatPercent(value, 0),
    }),
  ],
});

/** Half a pixel or so between bars. */
const inset = 0.75;

/** The diagram, beside the shares of the images; with a heading where the picture is to stand alone. */
export const reliabilityPicture = (
  calibration: Calibration,
  split: string,
  palette: Palette,
  alone: boolean,
): Picture => {
  const bars = barsOf(calibration);
  const { ece, n, confidence, bins } = calibration;
  const right = bars.reduce((sum, bar) => sum + bar.right * bar.images, 0) / n;
  const diagonal = frame(palette, [0, 1]);
  const reliability = chart({
    ...diagonal,
    marks: [
      ...(diagonal.marks ?? []),
      Plot.rectY(bars, { x1: "low", x2: "high", y1: 0, y2: "right", fill: palette.right, inset }),
      // What is missing to the diagonal, or goes beyond it: the gap that ECE sums.
      Plot.rectY(bars, {
        x1: "low",
        x2: "high",
        y1: "right",
        y2: "sure",
        fill: palette.wrong,
        fillOpacity: 0.35,
        inset,
      }),
      Plot.ruleX(bars, {
        x: (bar: Bar) => (bar.low + bar.high) / 2,
        y1: (bar: Bar) => bar.ends[0],
        y2: (bar: Bar) => bar.ends[1],
        stroke: palette.ink,
        strokeWidth: 1.25,
      }),
      Plot.line([0, 1], {
        x: (value: number) => value,
        y: (value: number) => value,
        stroke: palette.muted,
        strokeDasharray: "4 4",
      }),
    ],
  });
  const shares = bars.map(({ low, high, images }) => ({ low, high, share: images / n }));
  const largest = Math.max(...shares.map(({ share }) => share));
  const histogram = frame(palette, [0, Math.min(1, Math.ceil(largest * 10) / 10)]);
  const sureness = chart({
    ...histogram,
    marks: [
      ...(histogram.marks ?? []),
      Plot.rectY(shares, { x1: "low", x2: "high", y1: 0, y2: "share", fill: palette.muted, inset }),
      Plot.ruleX([confidence], { stroke: palette.wrong, strokeWidth: 1.75 }),
      Plot.ruleX([right], { stroke: palette.right, strokeWidth: 1.75, strokeDasharray: "5 3" }),
    ],
  });
  const [panelX, below] = [width + gap, height - 8];
  const axis = { fill: palette.muted } as const;
  const told = `ECE ${formatPercent(ece)} over ${bins.length} bins, ${formatCount(n)} ${split} images`;
  // The names of the two lines stand at the left, where a trained network's histogram is low.
  return compose({
    id: "reliability",
    width: 2 * width + gap,
    height,
    palette,
    heading: alone ? `Reliability: ${told}` : null,
    title: "Reliability diagram",
    description: `Accuracy by confidence: ${told}. Mean confidence ${formatPercent(confidence)}, accuracy ${formatPercent(right)}. The table holds every number.`,
    panels: [
      { x: 0, y: 0, content: reliability },
      {
        x: 0,
        y: 0,
        content: label(0, 16, "right (bars end on the line where calibrated; rules: 95 %)", {
          ...axis,
          anchor: "start",
        }),
      },
      {
        x: 0,
        y: 0,
        content: label(margins.left + (width - margins.left) / 2, below, "probability of the answer", {
          ...axis,
          anchor: "middle",
        }),
      },
      { x: panelX, y: 0, content: sureness },
      { x: panelX, y: 0, content: label(0, 16, "share of the images", { ...axis, anchor: "start" }) },
      {
        x: panelX,
        y: 0,
        content: label(margins.left + 10, 52, `mean confidence ${formatPercent(confidence, 1)}`, {
          fill: palette.wrong,
          weight: 600,
          anchor: "start",
        }),
      },
      {
        x: panelX,
        y: 0,
        content: label(margins.left + 10, 70, `accuracy ${formatPercent(right, 1)} (dashed)`, {
          fill: palette.right,
          weight: 600,
          anchor: "start",
        }),
      },
      {
        x: panelX,
        y: 0,
        content: label(margins.left + (width - margins.left) / 2, below, "probability of the answer", {
          ...axis,
          anchor: "middle",
        }),
      },
    ],
  });
};
