// What the images of a training split are, whatever they are stored in: small pictures of one size, as CIFAR's, or photographs. Small
// ones are decoded once, so that files of 32×32 get the size, mean and deviation that the same images get in memory.
import { FormatError } from "../../base/errors.ts";
import { histogramStatistics, type PixelStatistics, pixelStatistics } from "../pixel-statistics.ts";
import { type PictureReader, readMemory, type StoredPicture } from "../reader.ts";
import type { ImageSource, PixelShape } from "../source.ts";
import { type LargestPicture, largestOf } from "./decoding-memory.ts";
import { mapConcurrently } from "./map-concurrently.ts";
import { openReader } from "./readers.ts";

/** Pictures of no longer side are small (CIFAR's have 32, Tiny ImageNet's 64): they are trained on as they are, not as photographs. */
export const largestSmallSide = 64;

export interface ImageSurvey {
  /** The shape of all images where they lie in memory, or are small pictures of one size; else null. */
  readonly shape: PixelShape | null;
  /** Mean and deviation by channel, where there is a shape. */
  readonly statistics: PixelStatistics | null;
  /** Pixels of a typical image's shorter side: the median of a few. */
  readonly typicalSide: number;
}

/** So many pictures' headers say whether a split is of small ones. */
const probes = 16;
/** Of more, so many are decoded for the statistics, evenly spread. */
const mostDecoded = 100_000;
/** Pictures in flight; Node's pool has four threads. */
const atOnce = 4;
/** `onImages` is told after so many. */
const toldEvery = 1000;

/** At most `most` of the numbers 0 … count − 1, evenly spread. */
const spread = (count: number, most: number): readonly number[] => {
  const taken = Math.min(count, most);
  return Array.from({ length: taken }, (_, i) => Math.floor((i * count) / taken));
};

/** Null where it can't be read: the loaders tell of such pictures. */
const readable = async <T>(read: Promise<T>): Promise<T | null> => {
  try {
    return await read;
  } catch (error) {
    if (error instanceof FormatError) return null;
    throw error;
  }
};

type Size = Pick<StoredPicture, "width" | "height">;
const isSameSize = (a: Size, b: Size): boolean => a.width === b.width && a.height === b.height;

/** Shape and statistics of small pictures; null where one is of another size. */
const decodeSmall = async (
  reader: PictureReader,
  size: Size,
  onImages: (images: number, ofImages: number) => void,
): Promise<Pick<ImageSurvey, "shape" | "statistics">> => {
  const histograms = [new Float64Array(256), new Float64Array(256), new Float64Array(256)] as const;
  const images = spread(reader.labels.length, mostDecoded);
  let [isGrey, isOneSize, done] = [true, true, 0];
  await mapConcurrently(images, atOnce, async (image) => {
    const stored = isOneSize ? await readable(reader.picture(image)) : null;
    if (stored !== null && !isSameSize(stored, size)) isOneSize = false;
    if (stored === null || !isOneSize) return;
    const picture = await readable(stored.decode(3));
    if (picture === null) return;
    isGrey &&= stored.facts?.mode.startsWith("grey") ?? false;
    const { bytes } = picture;
    for (const [c, histogram] of histograms.entries()) {
      for (let i = c; i < bytes.length; i += 3) histogram[bytes[i]!]! += 1;
    }
    if (++done % toldEvery === 0 || done === images.length) onImages(done, images.length);
  });
  if (!isOneSize || done === 0) return { shape: null, statistics: null };
  const channels = histograms.slice(0, isGrey ? 1 : 3).map(histogramStatistics);
  return {
    shape: [channels.length, size.height, size.width],
    statistics: { mean: channels.map(({ mean }) => mean), deviation: channels.map(({ deviation }) => deviation) },
  };
};

/** The picture that takes the most memory to decode among a few, evenly spread; null of images in memory, or where none can be read. */
export const largestOfFew = async (source: ImageSource): Promise<LargestPicture | null> => {
  if (source.kind === "memory") return null;
  const reader = openReader(source);
  if (reader.kind !== "pictures") throw new Error(`a source of ${source.kind} has pictures`);
  const read = await mapConcurrently(spread(source.labels.length, probes), atOnce, (image) =>
    readable(reader.picture(image)),
  );
  return largestOf(
    read.flatMap((picture) =>
      picture?.facts ? [{ pixels: picture.width * picture.height, decodingBytes: picture.facts.decodingBytes }] : [],
    ),
  );
};

/**
 * Looks at images in memory as a whole, at a few pictures, and at all of them where these few are small and of one size (50,000 of
 * 32×32: some ten seconds, during which `onImages` is told how many are done). Pictures that can't be decoded count in nothing.
 */
export const surveyImages = async (
  train: ImageSource,
  onImages: (images: number, ofImages: number) => void = () => {},
): Promise<ImageSurvey> => {
  if (train.kind === "memory") {
    const { shape } = train;
    return { shape, statistics: pixelStatistics(readMemory(train)), typicalSide: Math.min(shape[1], shape[2]) };
  }
  const reader = openReader(train);
  if (reader.kind !== "pictures") throw new Error(`a source of ${train.kind} has pictures`);
  const read = await mapConcurrently(spread(train.labels.length, probes), atOnce, (image) =>
    readable(reader.picture(image)),
  );
  const sizes = read.filter((picture) => picture !== null);
  const sides = sizes.map(({ width, height }) => Math.min(width, height)).sort((a, b) => a - b);
  const typicalSide = sides[sides.length >> 1] ?? 0;
  const [first] = sizes;
  const isSmall = sizes.every(({ width, height }) => Math.max(width, height) <= largestSmallSide);
  if (first === undefined || !isSmall || !sizes.every((size) => isSameSize(size, first))) {
    return { shape: null, statistics: null, typicalSide };
  }
  return { ...(await decodeSmall(reader, first, onImages)), typicalSide };
};
