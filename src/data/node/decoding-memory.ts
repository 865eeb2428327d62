// Keeps the memory of pictures that are decoded side by side bounded: small ones go together, huge ones one by one. And says how much it is.

/** Larger pictures are refused before they are decoded: a small file can claim billions of pixels. */
export const largestPixels = 100_000_000;

/**
 * Bytes that a decoder takes for each pixel at its worst, the 3 of the result included, and where it has to hold the whole picture (to turn
 * it, as EXIF says, or because its rows come in several passes). Measured with sharp 0.35 on noise of 8000×6000 pixels, AVIF's of 4000×3000:
 * JPEG 3.4 and 6.3, PNG 3.7 (16 bits) and 6.0, WebP 8.2, GIF 7.3, AVIF 19.6.
 */
const bytesOfPixel: { readonly [format: string]: readonly [inRows: number, whole: number] } = {
  jpeg: [3.5, 6.5],
  png: [3.8, 6.5],
  webp: [8.5, 8.5],
  gif: [7.5, 7.5],
  avif: [20, 20],
};
const mostBytesOfPixel = [20, 20] as const;

/** Most memory that a picture of so many pixels takes while it is decoded, its file aside. */
export const decodingBytes = (pixels: number, format: string, isWhole: boolean): number =>
  Math.ceil(pixels * (bytesOfPixel[format] ?? mostBytesOfPixel)[isWhole ? 1 : 0]);

export interface PixelBudget {
  /** Runs the job once so many pixels are free; jobs begin in the order in which they asked. More than there are count as all. */
  take<T>(pixels: number, job: () => Promise<T>): Promise<T>;
}

/** `total` pixels, to be shared by jobs. */
export const createPixelBudget = (total: number): PixelBudget => {
  let free = total;
  const waiting: { readonly pixels: number; readonly start: () => void }[] = [];
  const startNext = (): void => {
    for (let next = waiting[0]; next !== undefined && next.pixels <= free; next = waiting[0]) {
      waiting.shift();
      free -= next.pixels;
      next.start();
    }
  };
  return {
    take: async (wanted, job) => {
      const pixels = Math.min(wanted, total);
      await new Promise<void>((start) => {
        waiting.push({ pixels, start });
        startNext();
      });
      try {
        return await job();
      } finally {
        free += pixels;
        startNext();
      }
    },
  };
};

/** As much as the largest picture takes alone: of 3 bytes a pixel 300 MB, and as much again while libvips turns or flattens it. */
export const decodingMemory = createPixelBudget(largestPixels);

/** Pixels of the pictures that a data worker decodes side by side; a larger one it decodes alone. */
const workerPixels = 2 ** 25;

/** Of files that one data worker has read and not yet decoded. */
export const mostBytesAhead = 2 ** 23;

/** For one data worker: it may prepare several batches side by side. */
export const createWorkerBudget = (): PixelBudget => createPixelBudget(workerPixels);

/** The picture of a data set that takes the most memory, as far as headers were read. */
export interface LargestPicture {
  readonly pixels: number;
  /** While it is decoded; see PictureFacts. */
  readonly decodingBytes: number;
}

/** The largest of these; null of none. */
export const largestOf = (pictures: Iterable<LargestPicture>): LargestPicture | null => {
  let largest: LargestPicture | null = null;
  for (const picture of pictures) {
    if (largest === null || picture.decodingBytes > largest.decodingBytes) largest = picture;
  }
  return largest;
};

/**
 * Most memory that a loader's workers take while they decode pictures as large as this one: each as many as fit into its budget, or one
 * alone, beside one that is decoded and still to be cut, and files that it has read ahead.
 */
export const loaderDecodingBytes = (
  { pixels, decodingBytes: bytes }: LargestPicture,
  workers: number,
  slots: number,
): number => {
  if (workers === 0) return bytes;
  const orders = Math.ceil(slots / workers);
  const together = Math.max(1, Math.min(orders, Math.floor(workerPixels / pixels)));
  return workers * (mostBytesAhead + together * bytes + (orders > together ? 3 * pixels : 0));
};
