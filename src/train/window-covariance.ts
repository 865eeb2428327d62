// How the elements of the windows that a convolution looks at vary together, over many images.
import type { FilterShape, Pair } from "../base/shape.ts";
import { type ConvParams, windowPositions } from "../graph/geometry.ts";

/**
 * Windows of an image that are looked at, evenly spread; all where there are fewer. Those of one image are much alike, so more of
 * them would tell little.
 */
const windowsOfImage = 100;

export class WindowCovariance {
  readonly #filter: FilterShape;
  readonly #params: ConvParams;
  readonly #sums: Float64Array;
  /** Of the upper triangle. */
  readonly #products: Float64Array;
  #count = 0;

  /** Of a convolution without groups, its filters [O, C, U, V]. */
  constructor(filter: FilterShape, params: ConvParams) {
    const [, channels, height, width] = filter;
    const K = channels * height * width;
    this.#filter = filter;
    this.#params = params;
    this.#sums = new Float64Array(K);
    this.#products = new Float64Array(K * K);
  }

  /** Counts windows of elements [n, C, H, W]. */
  add(elements: Float32Array, size: Pair): void {
    const [, channels, height, width] = this.#filter;
    const positions = windowPositions(size, [height, width], this.#params);
    const all = positions[0] * positions[1];
    const count = Math.min(all, windowsOfImage);
    const length = channels * size[0] * size[1];
    for (let image = 0; image < elements.length; image += length) {
      for (let i = 0; i < count; i++) {
        const position = Math.floor(((i + 0.5) * all) / count);
        const [row, column] = [Math.floor(position / positions[1]), position % positions[1]];
        this.#count++;
        this.#addWindow(this.#window(elements.subarray(image, image + length), size, row, column));
      }
    }
  }

  /** [K, K], K = C·U·V in the order of a filter's weights. */
  covariance(): Float64Array {
    const [sums, products, count] = [this.#sums, this.#products, this.#count];
    const K = sums.length;
    const found = new Float64Array(K * K);
    for (let i = 0; i < K; i++) {
      for (let j = i; j < K; j++) {
        const each = products[i * K + j]! / count - (sums[i]! / count) * (sums[j]! / count);
        found[i * K + j] = each;
        found[j * K + i] = each;
      }
    }
    return found;
  }

  /** [C, U, V] at a position of the window; padding is 0. */
  #window(image: Float32Array, [H, W]: Pair, row: number, column: number): Float64Array {
    const [, channels, height, width] = this.#filter;
    const { stride, padding } = this.#params;
    const [top, left] = [row * stride[0] - padding.top, column * stride[1] - padding.left];
    const seen = new Float64Array(channels * height * width);
    for (let c = 0, k = 0; c < channels; c++) {
      for (let y = top; y < top + height; y++) {
        for (let x = left; x < left + width; x++, k++) {
          if (y >= 0 && y < H && x >= 0 && x < W) seen[k] = image[(c * H + y) * W + x]!;
        }
      }
    }
    return seen;
  }

  #addWindow(seen: Float64Array): void {
    const [sums, products] = [this.#sums, this.#products];
    const K = seen.length;
    for (let i = 0; i < K; i++) {
      const element = seen[i]!;
      if (element === 0) continue; // half of what comes from a relu
      sums[i]! += element;
      for (let j = i; j < K; j++) products[i * K + j]! += element * seen[j]!;
    }
  }
}
