// Looks at every image of a split: sizes, formats, digests, and whether it can be decoded. Memory is some 50 bytes an image, and the
// pictures under way; the rest is counted.
import { createHash } from "node:crypto";
import { FormatError } from "../../base/errors.ts";
import { decodingMemory } from "../../data/node/decoding-memory.ts";
import { mapConcurrently } from "../../data/node/map-concurrently.ts";
import { openReader } from "../../data/node/readers.ts";
import type { BrokenImage } from "../../data/prepare.ts";
import type { PictureReader, PixelReader } from "../../data/reader.ts";
import type { ImageSource } from "../../data/source.ts";
import { createDigestTable, type DigestTable } from "./duplicates.ts";

/** What was found in one split. Where an image couldn't be read, its sizes and digests are 0. */
export interface LookedAt {
  readonly widths: Uint32Array;
  readonly heights: Uint32Array;
  /** Of the stored bytes. */
  readonly contents: DigestTable;
  /** Of the decoded pixels and their sizes; those of contents where nothing was decoded. */
  readonly pixels: DigestTable;
  /** Images by format, and by how their colours are stored. */
  readonly formats: ReadonlyMap<string, number>;
  readonly modes: ReadonlyMap<string, number>;
  /** Turned by EXIF; with more than one frame. */
  readonly turned: number;
  readonly animated: number;
  readonly broken: readonly BrokenImage[];
}

export interface LookOptions {
  /** Whether pictures are decoded, which finds damage in their middle and equal pictures of different files. */
  readonly decodes: boolean;
  readonly signal?: AbortSignal | undefined;
  readonly onImage: () => void;
}

/** Pictures looked at together: libvips' work goes to Node's four threads. */
const atOnce = 4;
/** Images in memory between two looks at timers and signals. */
const imagesPerTurn = 2000;

const tally = (counts: Map<string, number>, key: string): void => {
  counts.set(key, (counts.get(key) ?? 0) + 1);
};

const pixelDigest = (width: number, height: number, channels: number, bytes: Uint8Array): Uint8Array =>
  createHash("sha256").update(`${width} ${height} ${channels} `).update(bytes).digest();

const colours: ReadonlyMap<number, string> = new Map([
  [1, "grey"],
  [3, "RGB"],
]);

const lookAtPixels = async (reader: PixelReader, images: number, options: LookOptions): Promise<LookedAt> => {
  const [widths, heights] = [new Uint32Array(images), new Uint32Array(images)];
  const contents = createDigestTable(images);
  const modes = new Map<string, number>();
  for (let image = 0; image < images; image++) {
    if (image % imagesPerTurn === 0) await new Promise((resolve) => setImmediate(resolve));
    options.signal?.throwIfAborted();
    const { bytes, offset, shape } = reader.pixels(image);
    const [channels, height, width] = shape;
    widths[image] = width;
    heights[image] = height;
    const own = bytes.subarray(offset, offset + channels * height * width);
    contents.set(image, pixelDigest(width, height, channels, own));
    tally(modes, colours.get(channels) ?? `${channels} channels`);
    options.onImage();
  }
  const formats = new Map([["raw", images]]);
  return { widths, heights, contents, pixels: contents, formats, modes, turned: 0, animated: 0, broken: [] };
};

const lookAtPictures = async (reader: PictureReader, images: number, options: LookOptions): Promise<LookedAt> => {
  const [widths, heights] = [new Uint32Array(images), new Uint32Array(images)];
  const contents = createDigestTable(images);
  const pixels = options.decodes ? createDigestTable(images) : contents;
  const [formats, modes] = [new Map<string, number>(), new Map<string, number>()];
  const broken: BrokenImage[] = [];
  let [turned, animated] = [0, 0];
  const look = async (image: number): Promise<void> => {
    const picture = await reader.picture(image);
    const { width, height, facts } = picture;
    if (options.decodes) {
      const decoded = await decodingMemory.take(width * height, async () => {
        const { channels, bytes } = await picture.decode(3);
        return pixelDigest(width, height, channels, bytes);
      });
      pixels.set(image, decoded);
    }
    widths[image] = width;
    heights[image] = height;
    if (facts === undefined) return;
    contents.set(image, facts.contentDigest());
    tally(formats, facts.format);
    tally(modes, facts.mode);
    if (facts.isTurned) turned++;
    if (facts.isAnimated) animated++;
  };
  await mapConcurrently([...widths.keys()], atOnce, async (image) => {
    options.signal?.throwIfAborted();
    try {
      await look(image);
    } catch (error) {
      if (!(error instanceof FormatError)) throw error;
      broken.push({ image, problem: error.message });
    }
    options.onImage();
  });
  broken.sort((a, b) => a.image - b.image);
  return { widths, heights, contents, pixels, formats, modes, turned, animated, broken };
};

/** Looks at all images of a source once. Rejects with the signal's reason. */
export const lookAtImages = async (source: ImageSource, options: LookOptions): Promise<LookedAt> => {
  const reader = openReader(source);
  const images = source.labels.length;
  return reader.kind === "pixels" ? lookAtPixels(reader, images, options) : lookAtPictures(reader, images, options);
};
