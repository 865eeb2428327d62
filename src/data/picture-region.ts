// Which pixels of a picture become the image that a network is fed, as data: a part of the picture, resized, and a part of that.
import { UsageError } from "../base/errors.ts";
import type { Rectangle } from "./augmentation.ts";
import type { Fit, Interpolation, Preprocessing } from "./preprocessing.ts";
import type { Place } from "./view.ts";

/** Sizes in pixels. */
export interface PictureSize {
  readonly width: number;
  readonly height: number;
}

export interface Region {
  /** The pixels that are used, of the picture: nothing beyond its edges has an influence. */
  readonly part: Rectangle;
  /** What that part is resized to. */
  readonly resized: PictureSize;
  /** What is kept of the resized part: the image. */
  readonly kept: Rectangle;
  readonly interpolation: Interpolation;
}

const stretched: Fit = { kind: "stretch", interpolation: "lanczos" };

/** The size of a picture whose shorter side becomes so many pixels; torchvision's Resize: the longer side is rounded down. */
export const resizedShorterSide = ({ width, height }: PictureSize, shorterSide: number): PictureSize =>
  width <= height
    ? { width: shorterSide, height: Math.floor((shorterSide * height) / width) }
    : { width: Math.floor((shorterSide * width) / height), height: shorterSide };

/** Python's round, which torchvision's crop takes: of two whole numbers equally near, the even one. */
const roundHalfEven = (value: number): number => {
  const floor = Math.floor(value);
  return value - floor === 0.5 ? floor + (floor % 2) : Math.round(value);
};

/** The upper left corner of a crop, given how many pixels it leaves over; the centre as torchvision's CenterCrop has it. */
const corners: { readonly [P in Place]: (overX: number, overY: number) => readonly [left: number, top: number] } = {
  centre: (overX, overY) => [roundHalfEven(overX / 2), roundHalfEven(overY / 2)],
  "top-left": () => [0, 0],
  "top-right": (overX) => [overX, 0],
  "bottom-left": (_, overY) => [0, overY],
  "bottom-right": (overX, overY) => [overX, overY],
};

/**
 * What is fed of a picture of this size without augmentation, as the preprocessing's fit says (without one: stretched with Lanczos);
 * of a crop, its place. Throws UsageError where the crop is larger than the resized picture.
 */
export const fittedRegion = (
  picture: PictureSize,
  { size, fit = stretched }: Preprocessing,
  place: Place = "centre",
): Region => {
  const [height, width] = size;
  const part = { left: 0, top: 0, width: picture.width, height: picture.height };
  const { interpolation } = fit;
  if (fit.kind === "stretch") {
    return { part, resized: { width, height }, kept: { left: 0, top: 0, width, height }, interpolation };
  }
  const resized = resizedShorterSide(picture, fit.shorterSide);
  const [overX, overY] = [resized.width - width, resized.height - height];
  if (overX < 0 || overY < 0) {
    throw new UsageError(
      `preprocessing: ${height}×${width} pixels can't be cropped from ${resized.height}×${resized.width}; raise shorterSide ${fit.shorterSide}`,
    );
  }
  const [left, top] = corners[place](overX, overY);
  return { part, resized, kept: { left, top, width, height }, interpolation };
};

/** Pixels that the decoder leaves for each pixel of the resized part, at least, along each axis: Pillow's reducing_gap of 2. */
const reducingGap = 2;

/** By how much the decoder may reduce the picture for this region; 1 where every pixel is needed. */
export const reductionFor = ({ part, resized }: Region): number =>
  Math.max(1, Math.min(part.width / resized.width, part.height / resized.height) / reducingGap);

/** The same region of the same picture after it was decoded at another size. */
export const reducedRegion = (region: Region, from: PictureSize, to: PictureSize): Region => {
  if (from.width === to.width && from.height === to.height) return region;
  const [across, down] = [to.width / from.width, to.height / from.height];
  const { left, top, width, height } = region.part;
  const part = { left: left * across, top: top * down, width: width * across, height: height * down };
  return { ...region, part };
};
