// A few images of each class as one picture: what a person sees at one glance that no count tells.
import { decodingMemory } from "../../data/node/decoding-memory.ts";
import { openReader } from "../../data/node/readers.ts";
import type { ImageReader } from "../../data/reader.ts";
import type { ImageSource } from "../../data/source.ts";
import { formatCount } from "../report/format.ts";
import { markup, printable, shorten } from "../report/markup.ts";
import { light } from "../report/palette.ts";
import { compose, label, type Panel, type Picture } from "../report/picture.ts";
import { pngDataUri, smallPicture, thumbnail } from "../report/png.ts";
import { countClasses } from "./class-balance.ts";
import { evenlySpread } from "./evenly-spread.ts";

/** Images of a row, and rows at most: of more classes some are shown, evenly spread over all. */
export const imagesOfClass = 8;
const mostRows = 30;
/** Pixels: the side of a cell, from one cell to the next, and the width of the column of names. */
const side = 112;
const step = side + 10;
const names = 190;
const rowHeight = side + 30;

interface Shown {
  readonly dataUri: string;
  readonly caption: string;
}

const show = async (reader: ImageReader, image: number): Promise<Shown> => {
  if (reader.kind === "pixels") {
    const { bytes, offset, shape } = reader.pixels(image);
    const own = bytes.subarray(offset, offset + shape[0] * shape[1] * shape[2]);
    return { dataUri: pngDataUri(await thumbnail(own, shape, side)), caption: `image ${formatCount(image)}` };
  }
  const stored = await reader.picture(image);
  const { width, height } = stored;
  // Twice the cell for dense screens, and never fewer pixels than that where the picture has them.
  const reduction = Math.max(1, Math.max(width, height) / (2 * side));
  const decoded = await decodingMemory.take(width * height, () => stored.decode(3, reduction));
  const file = reader.nameOf(image).split("/").at(-1) ?? "";
  const size = `${formatCount(width)}×${formatCount(height)}`;
  return { dataUri: await smallPicture(decoded, 2 * side), caption: `${shorten(file, 18 - size.length)} ${size}` };
};

/** Whole images of this class, as many as fit; damaged ones (`isBroken`) are passed over. */
const showClass = async (
  source: ImageSource,
  reader: ImageReader,
  classLabel: number,
  isBroken: (image: number) => boolean,
): Promise<readonly Shown[]> => {
  const images: number[] = [];
  source.labels.forEach((of, image) => {
    if (of === classLabel && !isBroken(image)) images.push(image);
  });
  const shown: Shown[] = [];
  for (const image of evenlySpread(images, imagesOfClass)) shown.push(await show(reader, image));
  return shown;
};

/** The name of a class, its images, and how many they are beside the largest class. */
const nameColumn = (name: string, images: number, largest: number) => {
  const width = names - 24;
  const bar = Math.max(1, (width * images) / largest);
  return markup`${label(0, 44, shorten(printable(name), 20), { fill: light.ink, size: 14, weight: 600 })}${label(
    0,
    62,
    `${formatCount(images)} ${images === 1 ? "image" : "images"}`,
    { fill: light.muted },
  )}<rect x="0" y="72" width="${width}" height="5" rx="2.5" fill="${light.grid}"/><rect x="0" y="72" width="${bar}" height="5" rx="2.5" fill="${light.train}"/>`;
};

/** `title` says what data these are, `source` is one split of them. */
export const contactSheet = async (
  title: string,
  classes: readonly string[],
  source: ImageSource,
  isBroken: (image: number) => boolean,
): Promise<Picture> => {
  const reader = openReader(source);
  const counts = countClasses(source.labels, classes.length);
  const largest = Math.max(...counts);
  const shownClasses = evenlySpread([...classes.keys()], mostRows);
  const panels: Panel[] = [];
  for (const [row, classLabel] of shownClasses.entries()) {
    const y = row * rowHeight;
    panels.push({ x: 0, y, content: nameColumn(classes[classLabel] ?? "", counts[classLabel] ?? 0, largest) });
    const images = await showClass(source, reader, classLabel, isBroken);
    for (const [column, { dataUri, caption }] of images.entries()) {
      const content = markup`<rect width="${side}" height="${side}" fill="${light.grid}"/><image width="${side}" height="${side}" href="${dataUri}" preserveAspectRatio="xMidYMid meet"/>${label(side / 2, side + 13, printable(caption), { fill: light.muted, size: 9.5, anchor: "middle" })}`;
      panels.push({ x: names + column * step, y, content });
    }
  }
  const some = shownClasses.length < classes.length ? `${shownClasses.length} of ` : "";
  const heading = `${title}: ${some}${formatCount(classes.length)} classes, ${formatCount(source.labels.length)} training images`;
  return compose({
    id: "contact-sheet",
    width: names + imagesOfClass * step - 10,
    height: shownClasses.length * rowHeight - 10,
    palette: light,
    heading,
    title: heading,
    description: "A few images of each class, evenly spread over those that there are, with the size of each.",
    panels,
  });
};
