// A profile as an icicle: the run above, below it what it consists of, down to the nodes; width is time. Each node's colour is its
// operation, and its label stands upright where there is room. A pointer on a node of the SVG tells the rest.
import { formatNumber, formatPercent } from "../report/format.ts";
import { type Markup, markup, shorten } from "../report/markup.ts";
import { light } from "../report/palette.ts";
import { compose, label, type Picture } from "../report/picture.ts";
import type { ProfileReport } from "./profile.ts";
import { type ProfileOp, profileOps } from "./profile-ops.ts";
import type { ProfileRow } from "./profile-rows.ts";
import { type ProfileBranch, profileTree } from "./profile-tree.ts";

/** Blue is what computes; the warm colours are passes over memory. Of Okabe and Ito (2008), as the report's. */
const colours: { readonly [O in ProfileOp]: string } = {
  convolution: "#0072b2",
  "convolution by data": "#3d9bd1",
  "convolution by weights": "#8cc6e8",
  dense: "#004b75",
  "batch norm": "#e69f00",
  relu: "#f0c566",
  add: "#f7e3b0",
  pool: "#009e73",
  shortcut: "#7fcdb5",
  gate: "#bfe5d8",
  loss: "#cc79a7",
  update: "#8a8f98",
  reorder: "#d55e00",
  fill: "#f2a77c",
};
const darkFills: ReadonlySet<ProfileOp> = new Set(["convolution", "dense", "pool", "update", "reorder"]);

const width = 1240;
const bandHeight = 24;
const leafHeight = 128;
const legendHeight = 30;
/** Above the leaves: the run, passes, stages, blocks. */
const bands = 4;
/** Narrower boxes than this many pixels can't be seen; their place stays empty. */
const narrowest = 0.25;
const letter = 6.4;

export const formatMs = (seconds: number): string => `${formatNumber(seconds * 1000)}\u00a0ms`;

/** What there is to say of a node in one line. */
const told = (row: ProfileRow): string => {
  const { node, seconds, fraction, gflops, roofFraction, implementation } = row;
  const share = roofFraction === null ? "" : `, ${formatPercent(roofFraction, 0)} of the roof`;
  const rate = gflops === 0 ? "" : `, ${formatNumber(gflops)} GFLOP/s${share}`;
  return `${node}: ${formatMs(seconds)}, ${formatPercent(fraction, 1)} of the calls${rate}, ${implementation}`;
};

const box = (x: number, y: number, w: number, h: number, fill: string, title: string, text: Markup | string): Markup =>
  markup`<g><title>${title}</title><rect x="${x.toFixed(2)}" y="${y}" width="${Math.max(w, 0).toFixed(2)}" height="${h}" fill="${fill}"${w > 3 ? markup` stroke="${light.background}" stroke-width="0.6"` : ""}/>${text}</g>`;

const leaf = (row: ProfileRow, name: string, x: number, y: number, w: number, h: number): Markup => {
  const fits = w >= 11;
  const shown = `${row.slow === null ? "" : `${row.slow}! `}${shorten(name, Math.floor((h - 8) / letter))}`;
  const ink = darkFills.has(row.op) ? light.background : light.ink;
  const text = fits
    ? markup`<text transform="translate(${(x + w / 2 + 3.5).toFixed(2)},${y + h - 5}) rotate(-90)" text-anchor="start" font-size="10.5" fill="${ink}">${shown}</text>`
    : "";
  return box(x, y, w, h, colours[row.op], told(row), text);
};

/** Boxes of a branch and of everything below it. */
const drawn = (branch: ProfileBranch, depth: number, x: number, pixelsPerSecond: number): readonly Markup[] => {
  const w = branch.seconds * pixelsPerSecond;
  if (w < narrowest) return [];
  const y = depth * bandHeight;
  const leafTop = bands * bandHeight;
  if (branch.row !== null) return [leaf(branch.row, branch.name, x, y, w, leafTop + leafHeight - y)];
  const title = `${branch.name}: ${formatMs(branch.seconds)}`;
  const wordy = title.length * letter < w - 4 ? title : branch.name;
  const text =
    wordy.length * letter < w - 2
      ? label(x + w / 2, y + 16, wordy, { fill: light.ink, anchor: "middle", size: 11 })
      : "";
  let left = x;
  const below = branch.parts.flatMap((part) => {
    const boxes = drawn(part, depth + 1, left, pixelsPerSecond);
    left += part.seconds * pixelsPerSecond;
    return boxes;
  });
  return [box(x, y, w, bandHeight, depth % 2 === 0 ? "#eceef1" : "#dfe3e8", title, text), ...below];
};

const legend = (report: ProfileReport): Markup => {
  const used = profileOps.filter((op) => report.nodes.some((row) => row.op === op));
  let x = 0;
  return markup`${used.map((op) => {
    const at = x;
    x += 24 + op.length * letter;
    return markup`<rect x="${at}" y="2" width="11" height="11" fill="${colours[op]}"/>${label(at + 15, 12, op, { fill: light.ink, size: 11 })}`;
  })}`;
};

/** The picture that stands alone. `heading` says what was profiled, and how. */
export const profilePicture = (report: ProfileReport, heading: string): Picture => {
  const tree = profileTree(report);
  return compose({
    id: "profile",
    width,
    height: legendHeight + bands * bandHeight + leafHeight,
    title: `Where the time of a run goes: ${heading}`,
    description: `An icicle: a run of ${formatMs(tree.seconds)}, its passes, stages, blocks and nodes; width is time.`,
    palette: light,
    heading,
    panels: [
      { x: 0, y: 0, content: legend(report) },
      { x: 0, y: legendHeight, content: markup`${drawn(tree, 0, 0, width / tree.seconds)}` },
    ],
  });
};
