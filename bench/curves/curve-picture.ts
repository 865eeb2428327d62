// A cost curve as a picture: above milliseconds an image, below the share of the roof; a column for each panel. Pure.
import * as Plot from "@observablehq/plot";
import { type Markup, markup } from "../../src/commands/report/markup.ts";
import { light } from "../../src/commands/report/palette.ts";
import { chart, compose, label, type Panel, type Picture } from "../../src/commands/report/picture.ts";
import { type CurvesRecord, type MeasuredPoint, millisecondsPerImage, roofShare } from "./curves-record.ts";
import { type Curve, keyOf, precisions } from "./points.ts";

const width = 420;
const height = 210;
const titleHeight = 26;
const gap = 30;

interface Dot {
  readonly x: number;
  readonly y: number;
  readonly dtype: string;
}

/** 1, 2 and 5 times powers of ten, from just below the values to just above. */
const logTicks = (values: readonly number[]): readonly number[] => {
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const first = Math.floor(Math.log10(low));
  const powers = Array.from({ length: Math.ceil(Math.log10(high)) - first + 1 }, (_, i) => first + i);
  const round = powers.flatMap((power) => [1, 2, 5].map((digit) => Number(`${digit}e${power}`)));
  return round.filter((value, i) => (round[i + 1] ?? value) > low && (round[i - 1] ?? value) < high);
};

const panel = (dots: readonly Dot[], scale: "log" | "percent", axis: string | null): Markup => {
  const xs = [...new Set(dots.map(({ x }) => x))].sort((a, b) => a - b);
  const isLog = scale === "log";
  const ticks = isLog ? logTicks(dots.map(({ y }) => y)) : [0, 0.2, 0.4, 0.6, 0.8, 1];
  return chart({
    width,
    height,
    ...{ marginLeft: 54, marginRight: 48, marginTop: 8, marginBottom: axis === null ? 22 : 40 },
    // Depth, batch and size grow by factors.
    x: { type: "log", domain: [xs[0]! * 0.92, xs.at(-1)! * 1.08], axis: null },
    y: isLog
      ? { type: "log", domain: [ticks[0]!, ticks.at(-1)!], axis: null }
      : { axis: null, domain: [0, Math.max(1, ...dots.map(({ y }) => y))] },
    marks: [
      Plot.gridY({ stroke: light.grid, strokeOpacity: 1, ticks }),
      Plot.text(ticks, {
        y: (tick: number) => tick,
        text: (tick: number) => (isLog ? String(tick) : `${Math.round(100 * tick)} %`),
        ...{ frameAnchor: "left", textAnchor: "end", dx: -8, fill: light.muted, fontSize: 12 },
      }),
      // (An axis of Plot leaves some labels of a logarithmic scale out.)
      Plot.text(xs, {
        x: (x: number) => x,
        text: String,
        frameAnchor: "bottom",
        dy: 17,
        fill: light.muted,
        fontSize: 12,
      }),
      ...precisions.flatMap((dtype) => {
        const line = dots.filter((dot) => dot.dtype === dtype);
        const [stroke, symbol] = dtype === "f32" ? [light.train, "circle"] : [light.validation, "square"];
        const place = { x: "x", y: "y" } as const;
        return [
          Plot.line(line, { ...place, stroke, strokeWidth: 1.75 }),
          Plot.dot(line, { ...place, fill: stroke, symbol, r: 3.5 }),
          Plot.text(line.slice(-1), {
            ...place,
            text: () => dtype,
            fill: stroke,
            dx: 10,
            textAnchor: "start",
            fontSize: 12,
          }),
        ];
      }),
      ...(axis === null ? [] : [Plot.text([axis], { frameAnchor: "bottom", dy: 38, fill: light.muted, fontSize: 12 })]),
    ],
  });
};

/** What was measured of a panel's points, in their order, first all of one type. */
export const measuredOf = (
  panelPoints: Curve["panels"][number]["points"],
  { points }: Pick<CurvesRecord, "points">,
): readonly MeasuredPoint[] => {
  const byKey = new Map(points.map((point) => [keyOf(point), point]));
  return precisions.flatMap((dtype) => panelPoints.flatMap((point) => byKey.get(keyOf({ ...point, dtype })) ?? []));
};

export const curvePicture = (curve: Curve, record: CurvesRecord): Picture => {
  const panels = curve.panels.flatMap(({ title, points }, column): readonly Panel[] => {
    const x = column * (width + gap);
    const found = measuredOf(points, record);
    const dots = (y: (point: MeasuredPoint) => number): readonly Dot[] =>
      found.map((point) => ({ x: curve.at(point), y: y(point), dtype: point.dtype }));
    const heading = (text: string, y: number): Panel => ({
      ...{ x, y },
      content: markup`${label(0, 14, text, { fill: light.ink, size: 13, weight: 600 })}`,
    });
    return [
      heading(`${title}: ms an image`, 0),
      { x, y: titleHeight, content: panel(dots(millisecondsPerImage), "log", null) },
      heading("share of the roof", titleHeight + height + 8),
      {
        x,
        y: 2 * titleHeight + height + 8,
        content: panel(
          dots((point) => roofShare(point, record)),
          "percent",
          curve.axis,
        ),
      },
    ];
  });
  return compose({
    id: `curve-${curve.name}`,
    width: curve.panels.length * (width + gap) - gap,
    height: 2 * (titleHeight + height) + 16,
    title: curve.title,
    description: `Milliseconds an image and share of the roof, f32 and bf16, by ${curve.axis}`,
    palette: light,
    heading: `${curve.title}, training`,
    panels,
  });
};
