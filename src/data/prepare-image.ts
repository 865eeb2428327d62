// From a decoded picture of any size to what a network is fed: resized, cropped, its colours in the network's order, normalised.
import { UsageError } from "../base/errors.ts";
import { elementCount } from "../base/shape.ts";
import { type Fit, normalise, type Preprocessing } from "./preprocessing.ts";
import { type Picture, resample } from "./resample.ts";

const stretched: Fit = { kind: "stretch", interpolation: "lanczos" };

/** Python's round, which torchvision's crop takes: of two whole numbers equally near, the even one. */
const roundHalfEven = (value: number): number => {
  const floor = Math.floor(value);
  return value - floor === 0.5 ? floor + (floor % 2) : Math.round(value);
};

/** Where the picture's pixels come to lie: its size after resizing, and the corner of the part that is kept. */
const placeOf = ({ width, height }: Picture, [toHeight, toWidth]: Preprocessing["size"], fit: Fit) => {
  if (fit.kind === "stretch") return { width: toWidth, height: toHeight, left: 0, top: 0 };
  const { shorterSide } = fit;
  // torchvision's Resize: the longer side is rounded down.
  const [resizedWidth, resizedHeight] =
    width <= height
      ? [shorterSide, Math.floor((shorterSide * height) / width)]
      : [Math.floor((shorterSide * width) / height), shorterSide];
  const [left, top] = [roundHalfEven((resizedWidth - toWidth) / 2), roundHalfEven((resizedHeight - toHeight) / 2)];
  if (left < 0 || top < 0) {
    throw new UsageError(
      `preprocessing: ${toHeight}×${toWidth} pixels can't be cropped from ${resizedHeight}×${resizedWidth}; raise shorterSide ${shorterSide}`,
    );
  }
  return { width: resizedWidth, height: resizedHeight, left, top };
};

/**
 * One picture [C, H, W] as the preprocessing says. Grey or RGB comes in (as many channels as the network takes); for a network that
 * takes BGR the colours are turned around, and means and deviations are blue's, green's, red's. Throws UsageError where the channels
 * differ, or the crop is larger than the resized picture.
 */
export const prepareImage = (picture: Picture, preprocessing: Preprocessing): Float32Array => {
  const { size, channels, channelOrder = "RGB", fit = stretched } = preprocessing;
  if (picture.channels !== channels || (channelOrder === "BGR" && channels !== 3)) {
    const taken = `${channels} ${channelOrder === "BGR" ? "(BGR)" : ""}`.trimEnd();
    throw new UsageError(`a picture has ${picture.channels} channels but the network takes ${taken}`);
  }
  const [height, width] = size;
  const place = placeOf(picture, size, fit);
  const { bytes } = resample(picture, place.width, place.height, fit.interpolation);
  const shape = [channels, height, width] as const;
  const planes = new Uint8Array(elementCount(shape));
  let next = 0;
  for (let c = 0; c < channels; c++) {
    const from = channelOrder === "BGR" ? channels - 1 - c : c;
    for (let y = 0; y < height; y++) {
      const row = (place.top + y) * place.width + place.left;
      for (let x = 0; x < width; x++) planes[next++] = bytes[(row + x) * channels + from]!;
    }
  }
  return normalise({ bytes: planes, offset: 0, shape }, preprocessing);
};
