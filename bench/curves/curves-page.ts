// The section of docs/performance.md on how cost grows, from the record of the curves. Pure: the same record, the same section.
import { line, number, percent } from "../table.ts";
import { measuredOf } from "./curve-picture.ts";
import { type CurvesRecord, type MeasuredPoint, millisecondsPerImage, roofShare } from "./curves-record.ts";
import { type Curve, curvesFor, precisions } from "./points.ts";

const begin = "<!-- cost curves: made by npm run bench -- --curves -->";
const end = "<!-- end of cost curves -->";

const gigabytes = (bytes: number): string => `${number(bytes / 2 ** 30)} GiB`;

const headings = (axis: string): readonly string[] => [
  axis,
  "GFLOP an image",
  ...precisions.flatMap((dtype) => [`${dtype}, ms an image`, "of the roof", "peak memory"]),
];

const rows = (curve: Curve, panel: Curve["panels"][number], record: CurvesRecord): readonly string[] => {
  const found = measuredOf(panel.points, record);
  const xs = [...new Set(found.map(curve.at))];
  return xs.map((x) => {
    const here = found.filter((point) => curve.at(point) === x);
    const cells = precisions.flatMap((dtype) => {
      const point = here.find((each) => each.dtype === dtype);
      if (point === undefined) return ["–", "–", "–"];
      return [
        number(millisecondsPerImage(point)),
        percent(roofShare(point, record)),
        gigabytes(point.peakResidentBytes),
      ];
    });
    const [first] = here;
    return line([String(x), first === undefined ? "–" : number(first.gflopPerStep / first.batch), ...cells]);
  });
};

/** From the first to the last point of a type: by how much arithmetic and time grew. */
const growth = (found: readonly MeasuredPoint[], dtype: string): string => {
  const points = found.filter((point) => point.dtype === dtype);
  const [first, last] = [points[0], points.at(-1)];
  if (first === undefined || last === undefined) return "";
  const time = millisecondsPerImage(last) / millisecondsPerImage(first);
  return `${number(time)} times in ${dtype}`;
};

const sentence = (curve: Curve, panel: Curve["panels"][number], record: CurvesRecord): string => {
  const found = measuredOf(panel.points, record);
  const [first, last] = [found[0], found.filter(({ dtype }) => dtype === "f32").at(-1)];
  if (first === undefined || last === undefined) return "";
  const flops = last.gflopPerStep / last.batch / (first.gflopPerStep / first.batch);
  const times = precisions.map((dtype) => growth(found, dtype)).join(", ");
  return `From ${curve.at(first)} to ${curve.at(last)}: an image's arithmetic grows ${number(flops)} times, its time ${times}.`;
};

/** What limits each; the numbers beside it are the record's. */
const limits: Readonly<Record<string, string>> = {
  depth:
    "Time follows arithmetic: further blocks have the same shapes, and so the same share of the roof. Where the share changes, the mix " +
    "does: basic blocks (18, 34) are 3×3 convolutions, bottlenecks (50 and deeper) 1×1 ones with four times the channels, whose batch " +
    "norms, additions and relus move more bytes for each multiply-add; the share of the stem and of the first stage falls with depth.",
  batch:
    "What a step does once, whatever the batch, is shared by its images: reading and updating all weights (12 bytes of weight, velocity and " +
    "gradient each, and their reorders), JavaScript's loop over the calls, the ends of parallel loops. That decides at small batches, and the " +
    "more so the larger the network's weights are beside its maps; memory grows with the batch, for every activation is kept for the way back.",
  image:
    "Arithmetic and activations grow with the area, weights not at all: small images pay for the update and for maps of a few pixels that " +
    "don't fill vectors and tiles (2×2 in the last stage at 64), large ones run at the convolutions' own share. In ResNet-20 it falls again " +
    "in f32 from 32 pixels on: a map of the first stage takes 8 MiB there and 32 at 64 pixels, and probably no longer stays in the caches from " +
    "one pass over it to the next.",
  threads:
    "Convolutions share no data between threads and scale; passes over memory share its bandwidth and don't, nor does JavaScript between the " +
    "calls, and each call waits for its slowest thread. Where the two cores are threads of one physical core, they share its multipliers too.",
};

/** The section, between the two marks. */
export const curvesSection = (record: CurvesRecord): string => {
  const { hardware, recordedAt, threads, loadBefore, versions, roofs } = record;
  const { oneDNN = "?" } = versions;
  const roofText = roofs
    .map(({ dtype, threads: n, gflops }) => `${number(gflops)} (${dtype}, threads: ${n})`)
    .join(", ");
  const parts = curvesFor(threads).map((curve) => {
    const panels = curve.panels.map((panel) => {
      const table = [
        line(headings(curve.axis)),
        line(headings(curve.axis).map(() => "--:")),
        ...rows(curve, panel, record),
      ];
      return `${panel.title}. ${sentence(curve, panel, record)}\n\n${table.join("\n")}\n`.replaceAll("\\\n", "\n");
    });
    const picture = `![${curve.title}: milliseconds an image, and share of the roof](images/curve-${curve.name}.svg)`;
    return `### ${curve.title}\n\n${picture}\n\n${panels.join("\n")}\n${limits[curve.name] ?? ""}\n`;
  });
  return [
    begin,
    "## How cost grows",
    "",
    `Training steps of ours, ${threads} threads unless said otherwise, direct convolutions, synthetic images ` +
      `([record](../bench/results/curves/curves.json): ${recordedAt.slice(0, 10)}, ${hardware.cpu}, load ${loadBefore.toFixed(1)} before, ` +
      `oneDNN ${oneDNN}). Medians of whole steps; the roof, in GFLOP/s: ${roofText}.`,
    "",
    parts.join("\n"),
    end,
  ].join("\n");
};

/** The page with the section in its place, or at its end. */
export const withCurves = (page: string, record: CurvesRecord): string => {
  const [from, to] = [page.indexOf(begin), page.indexOf(end)];
  const section = curvesSection(record);
  if (from === -1 || to === -1) return `${page.trimEnd()}\n\n${section}\n`;
  return `${page.slice(0, from)}${section}${page.slice(to + end.length)}`;
};
