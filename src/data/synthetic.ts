// Synthetic images for benchmarks and tests: not a data set, and no accuracy on them means anything. Each class has a pattern
// of soft blocks, each image adds noise to it, so that a network can learn them and a loss falls.
import { UsageError } from "../base/errors.ts";
import { randomPurposes, randomStream } from "../base/philox.ts";
import { elementCount } from "../base/shape.ts";
import { type ImageSource, memorySource, type PixelShape } from "./source.ts";

export interface SyntheticOptions {
  readonly images: number;
  readonly shape: PixelShape;
  readonly classes: number;
  readonly seed: number;
}

/** Blocks of a class pattern along each side. */
const blocks = 4;
/** Largest distance of a pixel from its class's pattern, in bytes. */
const noise = 64;

/** Brightness of class `label` at each of the blocks of each channel, far enough from 0 and 255 for the noise to fit. */
const classPattern = (label: number, channels: number, seed: number): Uint8Array => {
  const stream = randomStream(seed, randomPurposes.synthetic, 0, label);
  return Uint8Array.from({ length: channels * blocks * blocks }, () => noise + stream.below(256 - 2 * noise));
};

/** Image i has class i mod classes and depends on (seed, i) alone. Throws UsageError when a number is not a count. */
export const syntheticSource = ({ images, shape, classes, seed }: SyntheticOptions): ImageSource<"memory"> => {
  const [channels, height, width] = shape;
  if (![images, classes, ...shape].every((value) => Number.isInteger(value) && value > 0)) {
    throw new UsageError(
      `synthetic images: ${images} images of ${channels}×${height}×${width} in ${classes} classes should all be whole numbers above 0`,
    );
  }
  const patterns = Array.from({ length: classes }, (_, label) => classPattern(label, channels, seed));
  const imageElements = elementCount(shape);
  const pixels = new Uint8Array(new SharedArrayBuffer(images * imageElements));
  const labels = Int32Array.from({ length: images }, (_, i) => i % classes);
  for (let i = 0; i < images; i++) {
    const stream = randomStream(seed, randomPurposes.synthetic, 1, i);
    const pattern = patterns[i % classes]!;
    let random = 0;
    for (let e = 0; e < imageElements; e++) {
      const x = e % width;
      const y = Math.floor(e / width) % height;
      const c = Math.floor(e / (width * height));
      const block = (c * blocks + Math.floor((y * blocks) / height)) * blocks + Math.floor((x * blocks) / width);
      if (e % 4 === 0) random = stream.uint32(); // four bytes of noise from each draw
      pixels[i * imageElements + e] = pattern[block]! + ((random & 0xff) % (2 * noise)) - noise;
      random >>>= 8;
    }
  }
  return memorySource(shape, pixels, labels);
};
