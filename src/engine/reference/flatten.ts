// An image as a list of features and back: row-major both, so that nothing moves.
import type { Kernel } from "./kernel.ts";

/** y[n, (c·H + i)·W + j] = x[n, c, i, j]. */
export const flatten: Kernel<"flatten"> = ({ operands, results }, elementsOf) => {
  elementsOf(results.y).set(elementsOf(operands.x));
};

/** dx[n, c, i, j] = dy[n, (c·H + i)·W + j]. */
export const unflatten: Kernel<"unflatten"> = ({ operands, results }, elementsOf) => {
  elementsOf(results.dx).set(elementsOf(operands.dy));
};
