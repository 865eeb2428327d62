// The images of a batch as the network is fed them (augmented, mixed), in plain colours, as one picture.
import type { HostTensor } from "../../base/tensor.ts";
import type { Preprocessing } from "../../data/preprocessing.ts";
import { markup, printable, shorten } from "../report/markup.ts";
import { light } from "../report/palette.ts";
import { compose, label, type Picture } from "../report/picture.ts";
import { pngDataUri, thumbnail } from "../report/png.ts";
import type { Preparation } from "./preparation.ts";

const columns = 8;
const mostShown = 64;
/** Pixels: the side of a cell, from one cell to the next, and from one row to the next. */
const side = 112;
const step = side + 10;
const rowHeight = side + 26;

/** Of normalised images [N, C, H, W] the n-th as bytes: (y · deviation + mean) · 255, rounded and kept within 0 … 255; NaN is 0. */
export const shownBytes = (images: HostTensor<"f32">, n: number, preprocessing: Preprocessing): Uint8Array => {
  const [, channels = 0, height = 0, width = 0] = images.shape;
  const [area, elements] = [height * width, channels * height * width];
  const bytes = new Uint8Array(elements);
  for (let i = 0; i < elements; i++) {
    const c = Math.floor(i / area);
    // Blue, green, red are shown the other way round.
    const to = preprocessing.channelOrder === "BGR" ? (channels - 1 - c) * area + (i % area) : i;
    const value = (images.data[n * elements + i]! * preprocessing.deviation[c]! + preprocessing.mean[c]!) * 255;
    bytes[to] = Math.max(0, Math.min(255, Math.round(value)));
  }
  return bytes;
};

export interface ShownBatch {
  readonly images: HostTensor<"f32">;
  readonly labels: HostTensor<"i32">;
  readonly indices: Int32Array;
}

/** At most 64 images, with their numbers in the training split and their classes. */
export const batchPicture = async (
  title: string,
  { images, labels, indices }: ShownBatch,
  { data, preprocessing }: Pick<Preparation, "data" | "preprocessing">,
): Promise<Picture> => {
  const shown = Math.min(mostShown, indices.length);
  const [, channels = 0, height = 0, width = 0] = images.shape;
  const panels = [];
  for (let n = 0; n < shown; n++) {
    const bytes = shownBytes(images, n, preprocessing);
    const uri = pngDataUri(await thumbnail(bytes, [channels, height, width], side));
    const name = data.classes[labels.data[n]!] ?? `class ${labels.data[n]!}`;
    const caption = printable(shorten(`${indices[n]!} ${name}`, 20));
    const content = markup`<image width="${side}" height="${side}" href="${uri}" preserveAspectRatio="xMidYMid meet"/>${label(side / 2, side + 14, caption, { fill: light.muted, size: 10, anchor: "middle" })}`;
    panels.push({ x: (n % columns) * step, y: Math.floor(n / columns) * rowHeight, content });
  }
  return compose({
    id: "batch",
    width: columns * step - 10,
    height: Math.ceil(shown / columns) * rowHeight - 10,
    palette: light,
    heading: title,
    title,
    description: "Images as the network was fed them, with their numbers in the training split and their classes.",
    panels,
  });
};
