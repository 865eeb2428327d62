// Every transform of a training image, as cases on the photographs of fixtures/photographs, and what is drawn for each image. The
// numbers drawn lie in draws.golden.json, from which tools/goldens/photographs.py makes what Pillow and torchvision answer.
import { randomPurposes, randomStream } from "../../src/base/philox.ts";
import {
  type Augmentation,
  type DrawnAugmentation,
  drawAugmentation,
  noAugmentation,
} from "../../src/data/augmentation.ts";
import { drawColourJitter } from "../../src/data/colour-jitter.ts";
import { paperLighting } from "../../src/data/lighting.ts";
import { photographPreprocessing } from "../../src/data/photographs.ts";
import type { PictureOperation } from "../../src/data/picture-operation.ts";
import { fittedRegion, type PictureSize, type Region } from "../../src/data/picture-region.ts";
import { lightingOf } from "../../src/data/picture-transforms.ts";
import { drawPolicy } from "../../src/data/policy.ts";
import type { Interpolation, Preprocessing } from "../../src/data/preprocessing.ts";
import { drawRandomCrop } from "../../src/data/random-crop.ts";
import type { Mixing } from "../../src/train/recipe.ts";

/** In the order of the batch. The second is stored lying on its side, the fourth upside down: EXIF says so. */
export const photographs = ["cat.jpg", "cup.jpg", "portrait.jpg", "rocket.jpg"] as const;
export const seed = 2015;
export const epochs = [0, 1, 2] as const;

const plain = photographPreprocessing([3, 64, 64]);
/** Of the network of these cases. */
export const { size } = plain;

const fitted = (interpolation: Interpolation): Preprocessing => ({
  ...plain,
  fit: { kind: "crop", shorterSide: 73, interpolation },
});

interface PhotographCase {
  readonly preprocessing: Preprocessing;
  readonly augmentation: Augmentation | null;
}

const augmented = (augmentation: Partial<Augmentation>): PhotographCase => ({
  preprocessing: plain,
  augmentation: { ...noAugmentation, ...augmentation },
});

const inception = (interpolation: Interpolation) =>
  ({ kind: "random-resized", areaFraction: [0.08, 1], aspect: [3 / 4, 4 / 3], interpolation }) as const;
const scaled = (interpolation: Interpolation) =>
  ({ kind: "random-scale", shorterSide: [73, 137], interpolation }) as const;
const jitter = { brightness: 0.4, contrast: 0.4, saturation: 0.4, hue: 0.1 };
const erase = {
  probability: 0.9,
  areaFraction: [0.02, 0.4],
  aspect: [0.3, 1 / 0.3],
  aspectDraw: "uniform",
  fill: "mean",
} as const;
const trivial = { kind: "trivial-augment", interpolation: "bilinear", fill: "black" } as const;

/** As photographs are evaluated. */
export const evaluated = { preprocessing: fitted("bilinear"), augmentation: null } as const;

/** Each transform alone, then several together. */
export const cases: Readonly<Record<string, PhotographCase>> = {
  "evaluation, bilinear": evaluated,
  "evaluation, bicubic": { preprocessing: fitted("bicubic"), augmentation: null },
  "random scale, bilinear": augmented({ crop: scaled("bilinear") }),
  "random scale, bicubic": augmented({ crop: scaled("bicubic") }),
  "random resized, bilinear": augmented({ crop: inception("bilinear") }),
  "random resized, bicubic": augmented({ crop: inception("bicubic") }),
  flip: augmented({ flip: true }),
  "pad and crop": augmented({ pad: 8, flip: true }),
  colour: augmented({ colour: jitter }),
  lighting: augmented({ lighting: paperLighting }),
  "trivial-augment": augmented({ policy: trivial }),
  "rand-augment": augmented({
    policy: { kind: "rand-augment", operations: 2, magnitude: 9, interpolation: "nearest", fill: "black" },
  }),
  "rand-augment-timm": augmented({
    policy: {
      kind: "rand-augment-timm",
      operations: 2,
      magnitude: 7,
      deviation: 0.5,
      probability: 0.9,
      interpolation: "bicubic",
      fill: "mean",
    },
  }),
  erase: augmented({ erase }),
  "He et al. 2015": augmented({ crop: scaled("bilinear"), flip: true, lighting: paperLighting, colour: jitter }),
  "all at once": augmented({
    crop: inception("bilinear"),
    policy: trivial,
    colour: jitter,
    lighting: paperLighting,
    flip: true,
    erase,
  }),
};

export const mixings = {
  mixup: { mixup: 0.8, cutmix: 0, switchProbability: 0 },
  cutmix: { mixup: 0, cutmix: 1, switchProbability: 1 },
} as const satisfies Readonly<Record<string, Mixing>>;

/** What is done to one photograph, in this order. */
export interface Drawn {
  readonly region: Region;
  readonly operations: readonly PictureOperation[];
  /** What lighting adds to pixel / 255, by channel. */
  readonly shift: readonly number[];
  readonly placement: DrawnAugmentation;
}

/** The byte that comes from outside of a turned picture, by channel. */
const meanLevels = ({ mean }: Preprocessing): readonly number[] => mean.map((value) => Math.round(255 * value));

/** What is drawn for photograph `image`, of this size, in an epoch: (seed, epoch, image) alone decide. */
export const drawsOf = (
  { preprocessing, augmentation }: PhotographCase,
  picture: PictureSize,
  epoch: number,
  image: number,
): Drawn => {
  const stream = (purpose: number) => randomStream(seed, purpose, epoch, image);
  const { crop, policy, colour, lighting, ...placed } = augmentation ?? noAugmentation;
  const [height, width] = preprocessing.size;
  const fill = policy?.fill === "mean" ? meanLevels(preprocessing) : [0, 0, 0];
  return {
    region:
      crop === null
        ? fittedRegion(picture, preprocessing)
        : drawRandomCrop(crop, picture, preprocessing.size, stream(randomPurposes.crop)),
    operations: [
      ...(policy === null ? [] : drawPolicy(policy, { width, height }, fill, stream(randomPurposes.policy))),
      ...(colour === null ? [] : drawColourJitter(colour, stream(randomPurposes.colourJitter))),
    ],
    shift: lighting === null ? [0, 0, 0] : lightingOf(lighting, preprocessing, seed, epoch, image),
    placement: drawAugmentation(placed, height, width, stream(randomPurposes.augmentation)),
  };
};
