// CIFAR's binary version (Krizhevsky 2009, "Learning Multiple Layers of Features from Tiny Images"; cs.toronto.edu/~kriz/cifar.html): rows
// of label bytes and 3,072 pixels, 32×32, all red, then all green, then all blue, as [C, H, W] has them. CIFAR-10 has one label byte,
// CIFAR-100 two: of 20 superclasses ("coarse") and of 100 classes ("fine").
import { FormatError } from "../base/errors.ts";
import type { NamedBytes } from "./idx-source.ts";
import { type ImageSource, memorySource, type PixelShape } from "./source.ts";

const shape: PixelShape = [3, 32, 32];
const pixelBytes = 3 * 32 * 32;

/** How rows are laid out: label bytes before the pixels, and which of them counts. */
export interface CifarRows {
  readonly labelBytes: number;
  readonly label: number;
}
export const cifar10Rows: CifarRows = { labelBytes: 1, label: 0 };
export const cifar100Rows = {
  coarse: { labelBytes: 2, label: 0 },
  fine: { labelBytes: 2, label: 1 },
} as const satisfies Record<string, CifarRows>;

/** The rows of these files, one after the other. Throws FormatError where one holds no whole rows, or a label that isn't below `classes`. */
export const cifarSource = (
  files: readonly NamedBytes[],
  { labelBytes, label }: CifarRows,
  classes: number,
): ImageSource<"memory"> => {
  const rowBytes = labelBytes + pixelBytes;
  const counts = files.map(({ file, bytes }) => {
    const count = bytes.length / rowBytes;
    if (Number.isInteger(count) && count > 0) return count;
    throw new FormatError(
      file,
      `has ${bytes.length} bytes, which is not a number of whole images of ${rowBytes} bytes; is it whole?`,
    );
  });
  const total = counts.reduce((sum, count) => sum + count, 0);
  const pixels = new Uint8Array(new SharedArrayBuffer(total * pixelBytes));
  const labels = new Int32Array(total);
  let image = 0;
  for (const [i, { file, bytes }] of files.entries()) {
    for (let row = 0; row < counts[i]!; row++, image++) {
      const start = row * rowBytes;
      const found = bytes[start + label]!;
      if (found >= classes) {
        throw new FormatError(file, `label ${found} of image ${row} is not below ${classes}`, start + label);
      }
      labels[image] = found;
      pixels.set(bytes.subarray(start + labelBytes, start + rowBytes), image * pixelBytes);
    }
  }
  return memorySource(shape, pixels, labels);
};
