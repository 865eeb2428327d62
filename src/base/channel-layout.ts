// Images with their channels first or last. Inside, channels come first (design: one logical layout); images that callers have
// or want channels last, as decoders and TensorFlow have them, are converted here, at the edge.
import { allocate, type DType } from "./dtype.ts";
import { ShapeError } from "./errors.ts";
import { elementCount } from "./shape.ts";
import type { HostTensor } from "./tensor.ts";

/** [N, C, H, W], all pixels of a channel together; or [N, H, W, C], all channels of a pixel together. */
export type ChannelLayout = "channels-first" | "channels-last";

/** to[n, j, i] = from[n, i, j], with N × rows × columns elements. */
export const transposeEach = (
  from: ArrayLike<number>,
  to: { [index: number]: number },
  count: number,
  rows: number,
  columns: number,
): void => {
  for (let n = 0; n < count; n++) {
    const first = n * rows * columns;
    for (let i = 0; i < rows; i++) {
      for (let j = 0; j < columns; j++) to[first + j * rows + i] = from[first + i * columns + j]!;
    }
  }
};

const sizesOf = ({ shape }: HostTensor, expected: string): readonly [number, number, number, number] => {
  const [n, a, b, c] = shape;
  if (shape.length !== 4 || n === undefined || a === undefined || b === undefined || c === undefined) {
    throw new ShapeError("channel layout", "images", expected, shape);
  }
  return [n, a, b, c];
};

/**
 * Images [N, H, W, C] as a new tensor [N, C, H, W]: what programs take. Throws ShapeError for another rank.
 *
 *   const { fc } = await program.run({ images: channelsFirst(tensor("f32", [1, 224, 224, 3], pixels)) });
 */
export const channelsFirst = <D extends DType>(images: HostTensor<D>): HostTensor<D> => {
  const [n, h, w, c] = sizesOf(images, "[images, height, width, channels]");
  const data = allocate(images.dtype, elementCount(images.shape));
  transposeEach(images.data, data, n, h * w, c);
  return { dtype: images.dtype, shape: [n, c, h, w], data };
};

/** Images or maps [N, C, H, W] as a new tensor [N, H, W, C]. Throws ShapeError for another rank. */
export const channelsLast = <D extends DType>(images: HostTensor<D>): HostTensor<D> => {
  const [n, c, h, w] = sizesOf(images, "[images, channels, height, width]");
  const data = allocate(images.dtype, elementCount(images.shape));
  transposeEach(images.data, data, n, c, h * w);
  return { dtype: images.dtype, shape: [n, h, w, c], data };
};
