// Which batches are run for a number of images that nobody has compiled a program for: powers of two, so that few programs serve any
// number, with little padding.

/** A batch may have this part of its places empty, rather than be taken apart. */
const largestWaste = 1 / 8;

/**
 * Powers of two, falling, that have room for `images` together: 16 and 1 for 17, 8 and 4 and 1 for 13, one of 16 for 14. Only the last
 * may have empty places, at most an eighth of its own.
 */
export const batchSizes = (images: number): readonly number[] => {
  const sizes: number[] = [];
  let left = images;
  while (left > 0) {
    const above = 2 ** Math.ceil(Math.log2(left));
    const size = above - left <= above * largestWaste ? above : above / 2;
    sizes.push(size);
    left -= size;
  }
  return sizes;
};
