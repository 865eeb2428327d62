// The most confidently wrong images as one picture: four in a row, each with what it was taken for and what it is.
import { formatCount, formatProbability } from "./format.ts";
import type { Mistake } from "./input.ts";
import { markup, printable, shorten } from "./markup.ts";
import type { Palette } from "./palette.ts";
import { compose, label, type Picture } from "./picture.ts";

const columns = 4;
/** Pixels: an image and the bars below it, and the distance from one card to the next. */
const image = 180;
const card = { width: image + 24, height: image + 78 } as const;

/** A mistake and its image as a PNG data URI. */
export interface DrawnMistake extends Mistake {
  readonly dataUri: string;
}

/** The picture, to stand alone. `images` says which were looked at: "10,000 test images". */
export const mistakesPicture = (
  mistakes: readonly DrawnMistake[],
  classes: readonly string[],
  images: string,
  palette: Palette,
): Picture => {
  const rows = Math.max(1, Math.ceil(mistakes.length / columns));
  const name = (c: number) => shorten(printable(classes[c] ?? `class ${c}`), 15);
  const cards = mistakes.map((mistake, i) => {
    const line = (y: number, role: string, c: number, probability: number, colour: string) => [
      label(0, y, `${role} ${name(c)}`, { fill: palette.ink, size: 12.5, weight: 600 }),
      label(image, y, formatProbability(probability), { fill: palette.ink, anchor: "end" }),
      markup`<rect x="0" y="${y + 5}" width="${image}" height="4" rx="2" fill="${palette.grid}"/>`,
      markup`<rect x="0" y="${y + 5}" width="${Math.max(1, image * Math.min(1, probability))}" height="4" rx="2" fill="${colour}"/>`,
    ];
    const content = markup`<image x="0" y="0" width="${image}" height="${image}" href="${mistake.dataUri}" preserveAspectRatio="xMidYMid meet"/>${line(
      image + 20,
      "said",
      mistake.predicted,
      mistake.predictedProbability,
      palette.wrong,
    )}${line(image + 46, "is", mistake.actual, mistake.actualProbability, palette.right)}`;
    return { x: (i % columns) * card.width, y: Math.floor(i / columns) * card.height, content };
  });
  const title = `The ${formatCount(mistakes.length)} surest mistakes among ${images}`;
  return compose({
    id: "mistakes",
    width: columns * card.width - 24,
    height: rows * card.height - 16,
    palette,
    heading: title,
    title,
    description:
      "Each image with the class it was taken for, the class it is, and the network's probabilities of both.",
    panels: cards,
  });
};
