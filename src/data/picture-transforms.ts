// What augmentation does to one cut image before it is placed in a batch: the policy's operations, then colour jitter, on bytes in the
// order red, green, blue; then lighting, which shifts colours as they are normalised and so rounds nothing. Padding and mirroring come
// after: signs of turns, shears and moves are drawn evenly, so mirror images are drawn as often either way.
import { randomPurposes, randomStream } from "../base/philox.ts";
import type { Augmentation } from "./augmentation.ts";
import { drawColourJitter } from "./colour-jitter.ts";
import { drawLighting, type Lighting } from "./lighting.ts";
import { applyOperation, type PictureOperation } from "./picture-operation.ts";
import { drawPolicy } from "./policy.ts";
import type { Preprocessing } from "./preprocessing.ts";
import type { Picture } from "./resample.ts";

/** Whether bytes of images are changed before they are placed. */
export const changesPictures = ({ policy, colour }: Augmentation): boolean => policy !== null || colour !== null;

/** By channel, in the network's order, to that of pictures or back. */
const reordered = (values: readonly number[], { channelOrder }: Preprocessing): readonly number[] =>
  channelOrder === "BGR" ? values.toReversed() : values;

/** The byte nearest to the mean of each channel of pictures. */
const meanLevels = (preprocessing: Preprocessing): readonly number[] =>
  reordered(preprocessing.mean, preprocessing).map((mean) => Math.min(255, Math.max(0, Math.round(255 * mean))));

/** What the operations of (seed, epoch, image) make of a picture; the picture itself where there are none. */
export const createPictureTransform = (
  { policy, colour }: Augmentation,
  preprocessing: Preprocessing,
  seed: number,
): ((picture: Picture, epoch: number, image: number) => Picture) => {
  const black = meanLevels(preprocessing).map(() => 0);
  const fill = policy?.fill === "mean" ? meanLevels(preprocessing) : black;
  return (picture, epoch, image) => {
    const stream = (purpose: number) => randomStream(seed, purpose, epoch, image);
    const operations: readonly PictureOperation[] = [
      ...(policy === null ? [] : drawPolicy(policy, picture, fill, stream(randomPurposes.policy))),
      ...(colour === null ? [] : drawColourJitter(colour, stream(randomPurposes.colourJitter))),
    ];
    return operations.reduce<Picture>((changed, operation) => applyOperation(changed, operation), picture);
  };
};

/** What lighting adds to pixel / 255 of image `image`, by channel in the network's order. */
export const lightingOf = (
  lighting: Lighting,
  preprocessing: Preprocessing,
  seed: number,
  epoch: number,
  image: number,
): readonly number[] =>
  reordered(drawLighting(lighting, randomStream(seed, randomPurposes.lighting, epoch, image)), preprocessing);
