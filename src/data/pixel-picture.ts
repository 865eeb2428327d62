// Pictures that a program holds in memory, as a camera, a canvas or a decoder gave them: bytes with channels last or first.
import { type ChannelLayout, transposeEach } from "../base/channel-layout.ts";
import { UsageError } from "../base/errors.ts";
import type { Picture } from "./resample.ts";

/** One picture: `bytes` are its samples, 0 … 255, and as many as width × height × channels. */
export interface PixelPicture {
  readonly width: number;
  readonly height: number;
  /** Grey or RGB: as many as the network takes. */
  readonly channels: number;
  readonly bytes: Uint8Array;
  /** "channels-last" by default: the channels of a pixel lie together, as in what decoders give. */
  readonly layout?: ChannelLayout;
}

/** The picture as prepareImage takes it; no copy where the channels come last. `where` names it in errors: UsageError. */
export const pictureOfPixels = (picture: PixelPicture, where: string): Picture => {
  const { width, height, channels, bytes, layout = "channels-last" } = picture;
  const sizes = [width, height, channels];
  if (!sizes.every((size) => Number.isInteger(size) && size >= 1)) {
    throw new UsageError(
      `${where}: width, height and channels should be whole numbers of at least 1 but are ${sizes.join(", ")}`,
    );
  }
  const expected = width * height * channels;
  if (bytes.length !== expected) {
    throw new UsageError(
      `${where}: ${height}×${width} pixels of ${channels} channels take ${expected} bytes but there are ${bytes.length}; is one channel (alpha) missing or too many?`,
    );
  }
  if (layout === "channels-last") return { width, height, channels, bytes };
  const interleaved = new Uint8Array(expected);
  transposeEach(bytes, interleaved, 1, channels, width * height);
  return { width, height, channels, bytes: interleaved };
};
