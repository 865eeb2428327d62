// Keeps the memory of pictures that are decoded side by side bounded: small ones go together, huge ones one by one.
import { largestPixels } from "./decode-picture.ts";

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
