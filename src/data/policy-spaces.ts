// What the policies of automatic augmentation choose from: for each, its operations with their magnitudes, as tables.
import { rotation, shearX, shearY, translation } from "./affine.ts";
import type { AffineMatrix, PictureOperation, PointInterpolation } from "./picture-operation.ts";

/** What operations depend on besides their magnitude. `fill`: by channel, for what comes from outside. */
export interface Frame {
  readonly width: number;
  readonly height: number;
  readonly interpolation: PointInterpolation;
  readonly fill: readonly number[];
}

type Make = (magnitude: number, frame: Frame) => PictureOperation | null;

const moved =
  (matrix: (magnitude: number, frame: Frame) => AffineMatrix): Make =>
  (magnitude, frame) => ({
    kind: "affine",
    matrix: matrix(magnitude, frame),
    interpolation: frame.interpolation,
    fill: frame.fill,
  });
const enhanced =
  (kind: "brightness" | "contrast" | "saturation" | "sharpness"): Make =>
  (magnitude) => ({ kind, factor: 1 + magnitude });

/** Operations by the papers' names; torchvision's and timm's call of each. */
const makes = {
  Identity: () => null,
  ShearX: moved((slope) => shearX(slope)),
  ShearY: moved((slope) => shearY(slope)),
  TranslateX: moved((pixels) => translation(pixels, 0)),
  TranslateY: moved((pixels) => translation(0, pixels)),
  Rotate: moved((degrees, { width, height }) => rotation(degrees, width, height)),
  Brightness: enhanced("brightness"),
  Color: enhanced("saturation"),
  Contrast: enhanced("contrast"),
  Sharpness: enhanced("sharpness"),
  Posterize: (bits) => ({ kind: "posterize", bits }),
  Solarize: (threshold) => ({ kind: "solarize", threshold }),
  SolarizeAdd: (amount) => ({ kind: "solarize-add", amount }),
  AutoContrast: () => ({ kind: "autocontrast" }),
  Equalize: () => ({ kind: "equalize" }),
  Invert: () => ({ kind: "invert" }),
} as const satisfies Readonly<Record<string, Make>>;
type Name = keyof typeof makes;

/** One choice of a policy. `level` is what the policy draws or is told: a bin of 0 … 30, or timm's level of 0 … 10. */
export interface Choice {
  readonly name: Name;
  /** Whether the magnitude's sign is drawn too. */
  readonly signed: boolean;
  magnitude(level: number, frame: Frame): number;
}

export const makeOperation = ({ name }: Choice, magnitude: number, frame: Frame): PictureOperation | null => {
  const make: Make = makes[name];
  return make(magnitude, frame);
};

/** Bins of magnitude of torchvision's policies: 0 … 30. */
export const bins = 31;
const f32 = Math.fround;

/** torch.linspace(from, to, 31)[bin], in f32 from the nearer end. */
const spaced = (from: number, to: number, bin: number): number => {
  const step = f32(f32(f32(to) - f32(from)) / (bins - 1));
  return bin < bins / 2 ? f32(from + step * bin) : f32(to - step * (bins - 1 - bin));
};

const none = () => 0;
const signed = (name: Name, most: (frame: Frame) => number, whole = false): Choice => ({
  name,
  signed: true,
  magnitude: (bin, frame) => {
    const magnitude = spaced(0, most(frame), bin);
    return whole ? Math.trunc(magnitude) : magnitude;
  },
});

/** What differs between torchvision's two policies. `lostBits`: of posterizing, at most. */
interface Extent {
  readonly shear: number;
  readonly translateX: (frame: Frame) => number;
  readonly translateY: (frame: Frame) => number;
  readonly degrees: number;
  readonly enhancement: number;
  readonly lostBits: number;
}

const torchvisionSpace = (extent: Extent): readonly Choice[] => [
  { name: "Identity", signed: false, magnitude: none },
  signed("ShearX", () => extent.shear),
  signed("ShearY", () => extent.shear),
  signed("TranslateX", extent.translateX, true),
  signed("TranslateY", extent.translateY, true),
  signed("Rotate", () => extent.degrees),
  signed("Brightness", () => extent.enhancement),
  signed("Color", () => extent.enhancement),
  signed("Contrast", () => extent.enhancement),
  signed("Sharpness", () => extent.enhancement),
  {
    name: "Posterize",
    signed: false,
    magnitude: (bin) => 8 - Math.round(bin / ((bins - 1) / extent.lostBits)),
  },
  { name: "Solarize", signed: false, magnitude: (bin) => spaced(255, 0, bin) },
  { name: "AutoContrast", signed: false, magnitude: none },
  { name: "Equalize", signed: false, magnitude: none },
];

/** TrivialAugment (Müller and Hutter 2021), the wide space of its Table 1, as torchvision's TrivialAugmentWide has it. */
export const trivialWideSpace = torchvisionSpace({
  shear: 0.99,
  translateX: () => 32,
  translateY: () => 32,
  degrees: 135,
  enhancement: 0.99,
  lostBits: 6,
});

/** RandAugment (Cubuk et al. 2020) as torchvision has it. */
export const randAugmentSpace = torchvisionSpace({
  shear: 0.3,
  translateX: ({ width }) => (150 / 331) * width,
  translateY: ({ height }) => (150 / 331) * height,
  degrees: 30,
  enhancement: 0.9,
  lostBits: 4,
});

const scaled = (most: number) => (level: number) => (level / 10) * most;
const level = (name: Name, most: number): Choice => ({ name, signed: true, magnitude: scaled(most) });

/** RandAugment as timm has it with "inc1": every operation is stronger at a higher level of 0 … 10. */
export const timmSpace: readonly Choice[] = [
  { name: "AutoContrast", signed: false, magnitude: none },
  { name: "Equalize", signed: false, magnitude: none },
  { name: "Invert", signed: false, magnitude: none },
  level("Rotate", 30),
  { name: "Posterize", signed: false, magnitude: (at) => 4 - Math.trunc(scaled(4)(at)) },
  { name: "Solarize", signed: false, magnitude: (at) => 256 - Math.min(256, Math.trunc(scaled(256)(at))) },
  { name: "SolarizeAdd", signed: false, magnitude: (at) => Math.min(128, Math.trunc(scaled(110)(at))) },
  level("Color", 0.9),
  level("Contrast", 0.9),
  level("Brightness", 0.9),
  level("Sharpness", 0.9),
  level("ShearX", 0.3),
  level("ShearY", 0.3),
  { name: "TranslateX", signed: true, magnitude: (at, { width }) => scaled(0.45)(at) * width },
  { name: "TranslateY", signed: true, magnitude: (at, { height }) => scaled(0.45)(at) * height },
];
