// What augmentation does to the pixels of a picture, as data, and doing it: a table of operations on bytes, each rounded to bytes as
// Pillow's are. torchvision's functional transforms of PIL images are these (0.14 on Pillow 9.4: picture-operation-parity.test.ts).
// Which are drawn is in colour-jitter.ts and automatic-augmentation.ts.
import { affine } from "./affine.ts";
import { brightness, contrast, saturation, sharpness } from "./blend-operations.ts";
import { hue } from "./hue.ts";
import { autocontrast, equalize, invert, posterize, solarize, solarizeAdd } from "./level-operations.ts";
import type { Picture } from "./resample.ts";

/** How the pixel at a place between pixels is made when a picture is turned, sheared or moved. Nothing is antialiased. */
export type PointInterpolation = "nearest" | "bilinear" | "bicubic";

/** (x, y) of the result, from the top left corner, comes from (a·x + b·y + c, d·x + e·y + f) of the picture. */
export type AffineMatrix = readonly [a: number, b: number, c: number, d: number, e: number, f: number];

/** Operations on pictures of any size, grey or RGB, and what each takes. */
export interface PictureOperations {
  /** factor · picture: 0 is black, 1 the picture. */
  brightness: { readonly factor: number };
  /** Between the mean of the grey picture (factor 0) and the picture (1), and beyond. */
  contrast: { readonly factor: number };
  /** Between the grey picture (factor 0) and the picture (1), and beyond. */
  saturation: { readonly factor: number };
  /** Between the picture smoothed by a filter of 3×3 (factor 0) and the picture (1), and beyond; edges stay. */
  sharpness: { readonly factor: number };
  /** Colours moved along their circle, −0.5 … 0.5 of it. */
  hue: { readonly turn: number };
  /** Of each sample the `bits` highest bits are kept, 0 … 8. */
  posterize: { readonly bits: number };
  /** Samples of at least `threshold` become 255 − sample. */
  solarize: { readonly threshold: number };
  /** `amount` is added to samples below 128. */
  "solarize-add": { readonly amount: number };
  /** Each channel stretched to 0 … 255. */
  autocontrast: Readonly<Record<never, never>>;
  /** Each channel's histogram levelled. */
  equalize: Readonly<Record<never, never>>;
  invert: Readonly<Record<never, never>>;
  /** `fill`: by channel (red, green, blue; grey), where the result comes from outside of the picture. */
  affine: {
    readonly matrix: AffineMatrix;
    readonly interpolation: PointInterpolation;
    readonly fill: readonly number[];
  };
}
export type PictureOperationKind = keyof PictureOperations;
export type PictureOperation<K extends PictureOperationKind = PictureOperationKind> = {
  [P in K]: { readonly kind: P } & PictureOperations[P];
}[K];

const operations: {
  readonly [K in PictureOperationKind]: (picture: Picture, operation: PictureOperation<K>) => Picture;
} = {
  brightness: (picture, { factor }) => brightness(picture, factor),
  contrast: (picture, { factor }) => contrast(picture, factor),
  saturation: (picture, { factor }) => saturation(picture, factor),
  sharpness: (picture, { factor }) => sharpness(picture, factor),
  hue: (picture, { turn }) => hue(picture, turn),
  posterize: (picture, { bits }) => posterize(picture, bits),
  solarize: (picture, { threshold }) => solarize(picture, threshold),
  "solarize-add": (picture, { amount }) => solarizeAdd(picture, amount),
  autocontrast,
  equalize,
  invert,
  affine,
};

/** A new picture of the same size. */
export const applyOperation = <K extends PictureOperationKind>(
  picture: Picture,
  operation: PictureOperation<K> & { readonly kind: K },
): Picture => {
  const apply: (picture: Picture, operation: PictureOperation<K>) => Picture = operations[operation.kind];
  return apply(picture, operation);
};
