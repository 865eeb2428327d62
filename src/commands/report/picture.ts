// Draws charts to SVG text without a browser: Observable Plot on linkedom's document. The only file that knows either.
// Several charts make one picture; their coordinates are pixels at scale 1.
import * as Plot from "@observablehq/plot";
import { parseHTML } from "linkedom";
import { type Markup, markup, printable, shorten, trusted } from "./markup.ts";
import type { Palette } from "./palette.ts";

/** What is used here of an SVG element. */
interface SvgElement {
  readonly innerHTML: string;
  querySelector(selector: string): { remove(): void } | null;
}

/** Part of a picture, and where its upper left corner goes. */
export interface Panel {
  readonly x: number;
  readonly y: number;
  readonly content: Markup;
}

/** An SVG picture; `text` is a whole document that stands alone or inside HTML. */
export interface Picture {
  readonly width: number;
  readonly height: number;
  readonly text: string;
}

export const fontFamily = "system-ui, 'Helvetica Neue', Arial, 'Liberation Sans', 'DejaVu Sans', sans-serif";

/**
 * A chart of Plot as the content of a panel. Plot's own <svg> and stylesheet are left out: inside a larger picture the
 * sheet's `height: auto` would stretch it; what matters of them is set on the picture.
 */
export const chart = (options: Plot.PlotOptions): Markup => {
  const { document } = parseHTML("<!doctype html><html><body></body></html>");
  const svg: SvgElement = Plot.plot({ ...options, document });
  svg.querySelector("style")?.remove();
  return trusted(svg.innerHTML);
};

/** Pixels around a picture that stands alone, and for its heading. */
const standaloneBorder = 22;
const headingHeight = 34;
/** Pixels that a letter of a heading takes at most, on average: longer headings are shortened to fit. */
const headingLetter = 10.5;

/** Text at a point of a picture. */
export const label = (
  x: number,
  y: number,
  text: string,
  style: {
    readonly fill: string;
    readonly size?: number;
    readonly weight?: number;
    readonly anchor?: "start" | "middle" | "end";
  },
): Markup =>
  markup`<text x="${x}" y="${y}" fill="${style.fill}" font-size="${style.size ?? 12}" font-weight="${style.weight ?? 400}" text-anchor="${style.anchor ?? "start"}">${text}</text>`;

/**
 * Puts panels into one picture. `id` must differ between the pictures of a page; `title` and `description` are what a
 * screen reader says of it. A picture that isn't part of a page is given a heading, a background and a border of it.
 */
export const compose = (options: {
  readonly id: string;
  readonly width: number;
  readonly height: number;
  readonly title: string;
  readonly description: string;
  readonly palette: Palette;
  /** What stands above a picture that stands alone; null for a picture within a page, whose text says it. */
  readonly heading: string | null;
  readonly panels: readonly Panel[];
}): Picture => {
  const { id, palette } = options;
  const alone = options.heading !== null;
  const border = alone ? standaloneBorder : 0;
  const above = alone ? headingHeight : 0;
  const [width, height] = [options.width + 2 * border, options.height + 2 * border + above];
  const { text } =
    markup`<svg xmlns="http://www.w3.org/2000/svg" viewBox="${-border} ${-border - above} ${width} ${height}" width="${width}" height="${height}" role="img" aria-labelledby="${id}-title ${id}-description" font-family="${fontFamily}" font-size="12" text-anchor="middle" fill="${palette.ink}" color="${palette.ink}"><title id="${id}-title">${options.title}</title><desc id="${id}-description">${options.description}</desc>${
      alone
        ? [
            markup`<rect x="${-border}" y="${-border - above}" width="${width}" height="${height}" fill="${palette.background}"/>`,
            label(0, 14 - above, shorten(printable(options.heading ?? ""), Math.floor(options.width / headingLetter)), {
              fill: palette.ink,
              size: 17,
              weight: 600,
            }),
          ]
        : ""
    }${options.panels.map(({ x, y, content }) => markup`<g transform="translate(${x},${y})">${content}</g>`)}</svg>`;
  return { width, height, text };
};
