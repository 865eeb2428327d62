// How each image is looked at before it is judged: protocols of the papers as plain data. A protocol is a list of passes over the
// images; the probabilities of all passes that an image takes part in are averaged (evaluate-views.ts). docs/evaluate.md has sources.
import { UsageError } from "../base/errors.ts";
import type { PictureSize } from "../data/picture-region.ts";
import { resizedShorterSide } from "../data/picture-region.ts";
import type { Interpolation, Preprocessing } from "../data/preprocessing.ts";
import { type Place, plainView, type View } from "../data/view.ts";

/**
 * own: once, as the weights' preprocessing says. one-crop: the centre, of 256 pixels 224. ten-crop: corners, centre, and their mirror
 * images (Krizhevsky et al. 2012, section 4.1). multi-scale: whole images at several sizes (He et al. 2015, section 3.4).
 */
export const protocolNames = ["own", "one-crop", "ten-crop", "multi-scale"] as const;
export type ProtocolName = (typeof protocolNames)[number];

/** What is added to the views of a protocol. mirror: each view's mirror image. shifts: each view moved up, down, left, right. */
export const additionNames = ["mirror", "shifts"] as const;
export type AdditionName = (typeof additionNames)[number];

/** One run over some or all images of a source. */
export interface Pass {
  readonly preprocessing: Preprocessing;
  readonly view: View;
  /** Which images take part; null: all. */
  readonly images: Int32Array | null;
}

/** What is left of the shorter side by a crop: 224 of 256 (Krizhevsky et al. 2012). */
const keptFraction = 0.875;

/** Shorter sides of He et al. 2015 (section 3.4) for a network of 224×224; of another size they are in proportion. */
const paperScales = [224, 256, 384, 480, 640] as const;
const paperSize = 224;

/** A picture's longer side counts up to so many shorter sides: what is beyond, at both ends, is cut off. It bounds memory. */
const longestRatio = 2;

const interpolationOf = ({ fit }: Preprocessing): Interpolation => fit?.interpolation ?? "bilinear";

/** The weights' own preprocessing where that crops, else the shorter side to 8/7 of the network's (256 for 224), of which a crop is kept. */
export const croppedPreprocessing = (own: Preprocessing): Preprocessing =>
  own.fit?.kind === "crop"
    ? own
    : {
        ...own,
        fit: {
          kind: "crop",
          shorterSide: Math.round(Math.max(...own.size) / keptFraction),
          interpolation: interpolationOf(own),
        },
      };

const at = (place: Place): View => ({ ...plainView, place });
const withMirrored = (views: readonly View[]): readonly View[] => [
  ...views,
  ...views.map((view) => ({ ...view, mirrored: !view.mirrored })),
];

const fiveCrops = (["centre", "top-left", "top-right", "bottom-left", "bottom-right"] as const).map(at);

const protocolViews: { readonly [P in ProtocolName]: readonly View[] } = {
  own: [plainView],
  "one-crop": [plainView],
  "ten-crop": withMirrored(fiveCrops),
  "multi-scale": [plainView],
};

const additions: { readonly [A in AdditionName]: (views: readonly View[], size: Preprocessing["size"]) => View[] } = {
  mirror: (views) => [...withMirrored(views)],
  shifts: (views, size) => {
    const pixels = shiftPixels(size);
    const moves = [
      [-pixels, 0],
      [pixels, 0],
      [0, -pixels],
      [0, pixels],
    ] as const;
    return [...views, ...views.flatMap((view) => moves.map((shift) => ({ ...view, shift })))];
  },
};

/** By how much `shifts` moves: a 32nd of the network's shorter side, one pixel for CIFAR and seven for ImageNet. */
export const shiftPixels = (size: Preprocessing["size"]): number => Math.max(1, Math.round(Math.min(...size) / 32));

/**
 * The views of a protocol with what is added. Throws UsageError where an addition adds nothing: the mirror images of ten crops are
 * among them.
 */
export const viewsOf = (
  name: ProtocolName,
  added: readonly AdditionName[],
  size: Preprocessing["size"],
): readonly View[] => {
  if (name === "ten-crop" && added.includes("mirror")) {
    throw new UsageError(
      "--tta mirror adds nothing to --protocol ten-crop: its ten crops are five and their mirror images",
    );
  }
  return added.reduce<readonly View[]>((views, addition) => additions[addition](views, size), protocolViews[name]);
};

/** The passes of a protocol that crops, or takes images as the weights' preprocessing does: one a view, over all images. */
export const cropPasses = (
  name: Exclude<ProtocolName, "multi-scale">,
  added: readonly AdditionName[],
  own: Preprocessing,
): readonly Pass[] => {
  const preprocessing = name === "own" ? own : croppedPreprocessing(own);
  return viewsOf(name, added, own.size).map((view) => ({ preprocessing, view, images: null }));
};

/** The shorter sides that multi-scale takes for a network of this size: the paper's in proportion, rounded to whole pixels. */
export const scalesFor = ([height, width]: Preprocessing["size"]): readonly number[] =>
  paperScales.map((scale) => Math.round((scale * Math.min(height, width)) / paperSize));

/**
 * What the network is fed of a picture whose shorter side becomes `scale`: all of it, but for at most `multiple` − 1 pixels of the
 * longer side (half at each end), and for what is longer than twice the shorter.
 */
export const wholeSize = (
  picture: PictureSize,
  scale: number,
  multiple: number,
): readonly [height: number, width: number] => {
  const { width, height } = resizedShorterSide(picture, scale);
  const longer = Math.min(Math.max(width, height), longestRatio * scale);
  const kept = Math.max(scale, Math.floor(longer / multiple) * multiple);
  return width <= height ? [kept, scale] : [scale, kept];
};

/** What multi-scale needs to know beside the preprocessing. */
export interface ScaleOptions {
  /** Of every image; null for one whose size isn't known, which goes with the first. */
  readonly sizes: readonly (PictureSize | null)[];
  readonly scales: readonly number[];
  /** The network's stride in all: 32 for ImageNet's. Longer sides are multiples of it, so that few shapes arise. */
  readonly multiple: number;
  readonly added: readonly AdditionName[];
}

/**
 * The passes of multi-scale: for every scale and every shape that arises, the images of that shape; passes of one shape follow one
 * another. Each image is in `scales × views` of them. Throws UsageError for scales that make no sense.
 */
export const scalePasses = (own: Preprocessing, { sizes, scales, multiple, added }: ScaleOptions): readonly Pass[] => {
  const [smallest, largest] = [multiple, 4096];
  const wrong = scales.find((scale) => !(Number.isInteger(scale) && scale >= smallest && scale <= largest));
  if (scales.length === 0 || wrong !== undefined || new Set(scales).size < scales.length) {
    throw new UsageError(
      `--scales should be different whole numbers from ${smallest} (the network's stride) to ${largest}, such as 224,256,384, but is ${scales.join(",")}`,
    );
  }
  const interpolation = interpolationOf(own);
  const known = sizes.find((size) => size !== null) ?? { width: own.size[1], height: own.size[0] };
  return scales.flatMap((scale) => {
    const groups = new Map<string, { readonly size: readonly [number, number]; readonly images: number[] }>();
    for (const [image, picture] of sizes.entries()) {
      const size = wholeSize(picture ?? known, scale, multiple);
      const group = groups.get(size.join("×")) ?? { size, images: [] };
      group.images.push(image);
      groups.set(size.join("×"), group);
    }
    return [...groups.values()].flatMap(({ size, images }) => {
      const preprocessing: Preprocessing = { ...own, size, fit: { kind: "crop", shorterSide: scale, interpolation } };
      return viewsOf("multi-scale", added, size).map((view) => ({
        preprocessing,
        view,
        images: Int32Array.from(images),
      }));
    });
  });
};
