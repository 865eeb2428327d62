// The part of a recipe that says how training images are varied. What hangs on their size is checked where that is known:
// data/augmentation.ts.
import type { Augmentation, Erasing } from "../data/augmentation.ts";
import type { ColourJitter } from "../data/colour-jitter.ts";
import { type Lighting, paperLighting } from "../data/lighting.ts";
import type { PointInterpolation } from "../data/picture-operation.ts";
import type { Policy, RandAugment, TimmRandAugment, TrivialAugment } from "../data/policy.ts";
import { type Interpolation, interpolations } from "../data/preprocessing.ts";
import type { RandomCrop, RandomResizedCrop, RandomScaleCrop } from "../data/random-crop.ts";
import {
  type Check,
  flag,
  kindOf,
  numberThat,
  oneOf,
  orNull,
  pairOf,
  record,
  wholeNumber,
  withDefault,
} from "./checks.ts";

const positive = (example: string): Check<number> => numberThat((value) => value > 0, `a number above 0${example}`);
const positiveOrZero = (example: string): Check<number> =>
  numberThat((value) => value >= 0, `a number of at least 0${example}`);
const fraction = (example = ""): Check<number> =>
  numberThat((value) => value >= 0 && value <= 1, `a fraction from 0 to 1${example}`);

const erasing = record<Erasing>(
  {
    probability: withDefault(fraction(" (the paper's: 0.5)"), 0.5),
    areaFraction: withDefault(pairOf(fraction(), "[smallest, largest] (the paper's: [0.02, 0.4])"), [0.02, 0.4]),
    aspect: withDefault(pairOf(positive(""), "[smallest, largest] (the paper's: [0.3, 3.33])"), [0.3, 1 / 0.3]),
    aspectDraw: withDefault<Erasing["aspectDraw"]>(oneOf(["uniform", "logarithmic"]), "uniform"),
    fill: withDefault<"random" | "mean">(oneOf(["random", "mean"]), "random"),
  },
  "random erasing",
);
const interpolation = withDefault<Interpolation>(oneOf(interpolations), "bilinear");
const crop = kindOf<RandomCrop["kind"], RandomCrop>(
  {
    "random-resized": record<RandomResizedCrop>(
      {
        kind: oneOf(["random-resized"]),
        areaFraction: withDefault(pairOf(fraction(), "[smallest, largest] (Szegedy et al.: [0.08, 1])"), [0.08, 1]),
        aspect: withDefault(pairOf(positive(""), "[smallest, largest] (Szegedy et al.: [0.75, 1.33])"), [3 / 4, 4 / 3]),
        interpolation,
      },
      "a random resized crop",
    ),
    "random-scale": record<RandomScaleCrop>(
      {
        kind: oneOf(["random-scale"]),
        shorterSide: withDefault(
          pairOf(wholeNumber(1, " pixel"), "[smallest, largest] (He et al.: [256, 480])"),
          [256, 480],
        ),
        interpolation,
      },
      "a crop of a random scale",
    ),
  },
  ["random-resized", "random-scale"],
);

const strength = withDefault(positiveOrZero(" (usual: 0.4)"), 0);
const colourJitter = record<ColourJitter>(
  {
    brightness: strength,
    contrast: strength,
    saturation: strength,
    hue: withDefault(positiveOrZero(", at most 0.5"), 0),
  },
  "colour jitter",
);
const lighting = record<Lighting>(
  { deviation: withDefault(positive(" (Krizhevsky et al.: 0.1)"), paperLighting.deviation) },
  "lighting",
);
const movement = {
  interpolation: withDefault<PointInterpolation>(oneOf(["nearest", "bilinear", "bicubic"]), "bilinear"),
  fill: withDefault<Policy["fill"]>(oneOf(["black", "mean"]), "black"),
};
const operations = withDefault(wholeNumber(1, " (usual: 2)"), 2);
const policy = kindOf<Policy["kind"], Policy>(
  {
    "trivial-augment": record<TrivialAugment>({ kind: oneOf(["trivial-augment"]), ...movement }, "TrivialAugment"),
    "rand-augment": record<RandAugment>(
      {
        kind: oneOf(["rand-augment"]),
        operations,
        magnitude: withDefault(wholeNumber(0, " and at most 30 (torchvision: 9)"), 9),
        ...movement,
      },
      "RandAugment",
    ),
    "rand-augment-timm": record<TimmRandAugment>(
      {
        kind: oneOf(["rand-augment-timm"]),
        operations,
        magnitude: positiveOrZero(" and at most 10 (Wightman et al.: 6 and 7)"),
        deviation: withDefault(positiveOrZero(" (Wightman et al.: 0.5)"), 0.5),
        probability: withDefault(fraction(" (timm's: 0.5)"), 0.5),
        ...movement,
        fill: withDefault<Policy["fill"]>(oneOf(["black", "mean"]), "mean"),
      },
      "timm's RandAugment",
    ),
  },
  ["trivial-augment", "rand-augment", "rand-augment-timm"],
);
export const augmentation = record<Augmentation>(
  {
    crop: withDefault(orNull(crop), null),
    policy: withDefault(orNull(policy), null),
    colour: withDefault(orNull(colourJitter), null),
    lighting: withDefault(orNull(lighting), null),
    pad: withDefault(wholeNumber(0, " pixels (the paper's: 4)"), 0),
    flip: withDefault(flag, false),
    erase: withDefault(orNull(erasing), null),
  },
  "an augmentation",
);
