// Augmentation as data, and what is drawn for one image of the network's size: pad-and-crop with horizontal flip (He et al. 2015,
// "Deep residual learning", §4.2: 4 pixels padded on each side, a random crop of the padded image or its mirror image), and
// random erasing (Zhong et al. 2017). What image i gets in epoch e depends on (seed, e, i) alone. Pixels move in placement.ts.
// How the image is cut from a photograph in the first place is random-crop.ts; what is done to its colours and shape before it is
// placed, picture-transforms.ts.
import { UsageError } from "../base/errors.ts";
import type { RandomStream } from "../base/philox.ts";
import { type ColourJitter, checkColourJitter } from "./colour-jitter.ts";
import { checkLighting, type Lighting } from "./lighting.ts";
import { checkPolicy, type Policy } from "./policy.ts";
import { checkRandomCrop, type RandomCrop } from "./random-crop.ts";
import type { PixelShape } from "./source.ts";

/** Random erasing: a rectangle of the image is overwritten. */
export interface Erasing {
  /** Of erasing anything, 0 … 1; the paper's p = 0.5. */
  readonly probability: number;
  /** Smallest and largest part of the image's area; the paper's 0.02 … 0.4. */
  readonly areaFraction: readonly [smallest: number, largest: number];
  /** Smallest and largest height ÷ width; the paper's 0.3 … 1 / 0.3. */
  readonly aspect: readonly [smallest: number, largest: number];
  /** Of the aspect: "uniform" as in the paper, or "logarithmic" (its logarithm is uniform), as in torchvision and timm. */
  readonly aspectDraw: "uniform" | "logarithmic";
  /** "random": each pixel a byte drawn uniformly (the paper's best); "mean": 0 after normalisation. */
  readonly fill: "random" | "mean";
}

export interface Augmentation {
  /**
   * How the image is cut from a picture, before all else; null as in evaluation: by the preprocessing's fit. Photographs are
   * trained on with a random crop, small images of one size with `pad`.
   */
  readonly crop: RandomCrop | null;
  /** Operations of a policy on the cut image: colours, and turns, shears and moves. */
  readonly policy: Policy | null;
  /** Brightness, contrast, saturation and hue, after the policy. */
  readonly colour: ColourJitter | null;
  /** AlexNet's shift along the colours' principal components, after the jitter. */
  readonly lighting: Lighting | null;
  /**
   * Pixels added on each side before a crop of the original size; 0 crops nothing. The padding is the mean of the channel,
   * that is 0 after normalisation (the paper pads zeros after subtracting the mean), not black.
   */
  readonly pad: number;
  /** Mirrors one image in two, left to right. */
  readonly flip: boolean;
  readonly erase: Erasing | null;
}

/** Nothing is drawn. */
export const noAugmentation: Augmentation = {
  crop: null,
  policy: null,
  colour: null,
  lighting: null,
  pad: 0,
  flip: false,
  erase: null,
};

/** Random erasing with the settings of the paper (§4.2). */
export const paperErasing: Erasing = {
  probability: 0.5,
  areaFraction: [0.02, 0.4],
  aspect: [0.3, 1 / 0.3],
  aspectDraw: "uniform",
  fill: "random",
};

/** A rectangle of an image, in pixels. */
export interface Rectangle {
  readonly top: number;
  readonly left: number;
  readonly height: number;
  readonly width: number;
}

/** What is done to one image. Its output row y comes from input row y + shiftY, column x (before a flip) from x + shiftX. */
export interface DrawnAugmentation {
  readonly shiftY: number;
  readonly shiftX: number;
  readonly flip: boolean;
  readonly erased: Rectangle | null;
}

/** The image as it is. */
export const unaugmented: DrawnAugmentation = { shiftY: 0, shiftX: 0, flip: false, erased: null };

const isRange = ([low, high]: readonly [number, number], above: number, to: number): boolean =>
  low > above && low <= high && high <= to;

/** Throws UsageError where a value is out of its range, or the padding as large as the image. */
export const checkAugmentation = (augmentation: Augmentation, [channels, height, width]: PixelShape): void => {
  const { crop, policy, colour, lighting, pad, erase } = augmentation;
  if (crop !== null) checkRandomCrop(crop, [height, width]);
  if (policy !== null) checkPolicy(policy);
  if (colour !== null) checkColourJitter(colour);
  if (lighting !== null) checkLighting(lighting, channels);
  const largest = Math.min(height, width) - 1;
  if (!Number.isInteger(pad) || pad < 0 || pad > largest) {
    throw new UsageError(
      `augmentation: pad ${pad} should be a whole number from 0 to ${largest} for images of ${height}×${width} (the paper's is 4 for 32×32)`,
    );
  }
  if (erase === null) return;
  if (!(erase.probability >= 0 && erase.probability <= 1)) {
    throw new UsageError(`augmentation: the probability of erasing is ${erase.probability} but should lie in 0 … 1`);
  }
  if (!isRange(erase.areaFraction, 0, 1)) {
    throw new UsageError(
      `augmentation: areaFraction [${erase.areaFraction.join(", ")}] of erasing should rise within 0 … 1 (the paper's is [0.02, 0.4])`,
    );
  }
  if (!isRange(erase.aspect, 0, Number.MAX_VALUE)) {
    throw new UsageError(
      `augmentation: aspect [${erase.aspect.join(", ")}] of erasing should rise from above 0 (the paper's is [0.3, 3.33])`,
    );
  }
};

/** Rectangles that don't fit the image are drawn again, so often (as the authors' code does); then nothing is erased. */
const erasingAttempts = 100;

const between = ([low, high]: readonly [number, number], stream: RandomStream): number =>
  low + (high - low) * stream.uniform();

const drawErasing = (erase: Erasing, height: number, width: number, stream: RandomStream): Rectangle | null => {
  if (stream.uniform() >= erase.probability) return null;
  for (let attempt = 0; attempt < erasingAttempts; attempt++) {
    const area = between(erase.areaFraction, stream) * height * width;
    const aspect =
      erase.aspectDraw === "uniform"
        ? between(erase.aspect, stream)
        : Math.exp(between([Math.log(erase.aspect[0]), Math.log(erase.aspect[1])], stream));
    const h = Math.round(Math.sqrt(area * aspect));
    const w = Math.round(Math.sqrt(area / aspect));
    if (h < 1 || w < 1 || h > height || w > width) continue;
    return { top: stream.below(height - h + 1), left: stream.below(width - w + 1), height: h, width: w };
  }
  return null;
};

/**
 * Draws what is done to one image of this size. Crop and flip are drawn whether or not they are wanted, so that switching one
 * off leaves the other as it was.
 */
export const drawAugmentation = (
  { pad, flip, erase }: Pick<Augmentation, "pad" | "flip" | "erase">,
  height: number,
  width: number,
  stream: RandomStream,
): DrawnAugmentation => {
  const shiftY = stream.below(2 * pad + 1) - pad;
  const shiftX = stream.below(2 * pad + 1) - pad;
  const mirrored = stream.uniform() < 0.5;
  const erased = erase === null ? null : drawErasing(erase, height, width, stream);
  return { shiftY, shiftX, flip: flip && mirrored, erased };
};
