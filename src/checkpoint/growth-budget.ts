// What the tensors of a file may take in memory. Views repeat a storage, u8 becomes i32, and deflate makes a thousand bytes of one: so the
// memory is held to a multiple of the file's bytes before it is asked for.

/** Tensors may take so many times the file's bytes. */
const growthFactor = 8;

/** Counts bytes that are about to be taken; `refuse` is told where they are too many. */
export type GrowthBudget = (bytes: number, refuse: (problem: string) => never) => void;

/** The budget of a file of `fileBytes` bytes. Small files may grow to `floorBytes`. */
export const growthBudget = (fileBytes: number, floorBytes: number): GrowthBudget => {
  const allowedBytes = Math.max(growthFactor * fileBytes, floorBytes);
  let total = 0;
  return (bytes, refuse) => {
    total += bytes;
    if (total <= allowedBytes) return;
    refuse(
      `brings the tensors to ${total} bytes, more than ${growthFactor} times the file's ${fileBytes} and than ${floorBytes}`,
    );
  };
};
