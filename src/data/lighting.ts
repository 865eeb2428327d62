// AlexNet's colour augmentation ("lighting"; Krizhevsky et al. 2012, §4.1) as data, and what is drawn for one image: along each
// principal component of the colours of ImageNet's pixels a multiple of its eigenvalue is added to all pixels.
import { UsageError } from "../base/errors.ts";
import type { RandomStream } from "../base/philox.ts";

export interface Lighting {
  /** Of the normal distribution that each component's multiple α is drawn from; the paper's 0.1. */
  readonly deviation: number;
}

export const paperLighting: Lighting = { deviation: 0.1 };

/**
 * Eigenvalues and eigenvectors (columns; rows are red, green, blue) as fb.resnet.torch, and whoever took them from there, has them, of
 * pixel / 255. The paper doesn't print its own.
 */
const eigenvalues = [0.2175, 0.0188, 0.0045] as const;
const eigenvectors = [
  [-0.5675, 0.7192, 0.4009],
  [-0.5808, -0.0045, -0.814],
  [-0.5836, -0.6948, 0.4203],
] as const;

/** Throws UsageError for a deviation that makes no sense, or images that have no three colours. */
export const checkLighting = ({ deviation }: Lighting, channels: number): void => {
  if (!(deviation > 0 && Number.isFinite(deviation))) {
    throw new UsageError(
      `augmentation: lighting.deviation ${deviation} should be a number above 0 (Krizhevsky et al.: 0.1)`,
    );
  }
  if (channels !== 3) {
    throw new UsageError(
      `augmentation: lighting moves along colours but the images have ${channels} channel; leave it out`,
    );
  }
};

/** What multiples of the components add to red, green and blue of every pixel / 255. Nothing is cut off at black or white. */
export const lightingShift = (multiples: readonly [number, number, number]): readonly [number, number, number] => {
  const along = (row: (typeof eigenvectors)[number]): number =>
    row[0] * multiples[0] * eigenvalues[0] +
    row[1] * multiples[1] * eigenvalues[1] +
    row[2] * multiples[2] * eigenvalues[2];
  return [along(eigenvectors[0]), along(eigenvectors[1]), along(eigenvectors[2])];
};

/** One draw for the whole image. */
export const drawLighting = ({ deviation }: Lighting, stream: RandomStream): readonly [number, number, number] =>
  lightingShift([deviation * stream.normal(), deviation * stream.normal(), deviation * stream.normal()]);
