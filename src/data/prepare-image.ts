// From a decoded picture of any size to what a network is fed: resized, cropped, its colours in the network's order, normalised.
import { UsageError } from "../base/errors.ts";
import { elementCount } from "../base/shape.ts";
import { fittedRegion, type Region } from "./picture-region.ts";
import { normalise, type Preprocessing } from "./preprocessing.ts";
import type { Pixels } from "./reader.ts";
import { type Picture, resampleRegion } from "./resample.ts";

/**
 * A region of a picture, of the network's size. Grey or RGB comes in, as many channels as the network takes. Throws UsageError where
 * the channels differ.
 */
export const cutPicture = (picture: Picture, region: Region, preprocessing: Preprocessing): Picture => {
  const { channels, channelOrder = "RGB" } = preprocessing;
  if (picture.channels !== channels || (channelOrder === "BGR" && channels !== 3)) {
    const taken = `${channels} ${channelOrder === "BGR" ? "(BGR)" : ""}`.trimEnd();
    throw new UsageError(`a picture has ${picture.channels} channels but the network takes ${taken}`);
  }
  return resampleRegion(picture, region);
};

/** A picture as pixels [C, H, W], with the colours in the network's order. */
export const planesOf = ({ width, height, channels, bytes }: Picture, { channelOrder }: Preprocessing): Pixels => {
  const area = height * width;
  const shape = [channels, height, width] as const;
  const planes = new Uint8Array(elementCount(shape));
  for (let c = 0; c < channels; c++) {
    const from = channelOrder === "BGR" ? channels - 1 - c : c;
    for (let i = 0; i < area; i++) planes[c * area + i] = bytes[i * channels + from]!;
  }
  return { bytes: planes, offset: 0, shape };
};

/** A region of a picture as pixels of the network's size. Throws UsageError where the channels differ. */
export const cutImage = (picture: Picture, region: Region, preprocessing: Preprocessing): Pixels =>
  planesOf(cutPicture(picture, region, preprocessing), preprocessing);

/**
 * One picture [C, H, W] as the preprocessing says, without augmentation; for a network that takes BGR, means and deviations are
 * blue's, green's, red's. Throws UsageError where the channels differ, or the crop is larger than the resized picture.
 */
export const prepareImage = (picture: Picture, preprocessing: Preprocessing): Float32Array =>
  normalise(cutImage(picture, fittedRegion(picture, preprocessing), preprocessing), preprocessing);
