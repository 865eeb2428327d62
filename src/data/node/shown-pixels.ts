// An image of a split as a person should see it: the pixels that the network is fed without augmentation, but in plain colours.

import { fittedRegion } from "../picture-region.ts";
import { cutImage } from "../prepare-image.ts";
import type { Preprocessing } from "../preprocessing.ts";
import type { Pixels } from "../reader.ts";
import type { ImageSource } from "../source.ts";
import { openReader } from "./readers.ts";

/**
 * Shows images of a source: grey or RGB, of the network's size where they come from files, else of their own. Throws FormatError
 * where a file is damaged.
 */
export const openShown = (source: ImageSource, preprocessing: Preprocessing): ((image: number) => Promise<Pixels>) => {
  const reader = openReader(source);
  const shown: Preprocessing = { ...preprocessing, channelOrder: "RGB" };
  return async (image) => {
    if (reader.kind === "pixels") return reader.pixels(image);
    const picture = await (await reader.picture(image)).decode(preprocessing.channels);
    return cutImage(picture, fittedRegion(picture, shown), shown);
  };
};
