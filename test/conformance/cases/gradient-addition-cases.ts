// A convolution's gradient by its data, and the addition of what has arrived by a shortcut: from either side, by windows of one pixel, which
// may be computed as a forward pass, and by others.
import type { FilterShape, ImageShape } from "../../../src/base/shape.ts";
import { padding } from "../../../src/graph/geometry.ts";
import { type Case, type Cases, filter, image } from "./case.ts";

const added =
  (x: ImageShape, weight: FilterShape, last: "a" | "b"): Case =>
  (b, dtype) => {
    const params = { stride: [1, 1], padding: padding((weight[2] - 1) / 2), groups: 1, inputShape: x } as const;
    const operands = {
      dy: image(b, dtype, "dy", [x[0], weight[0], x[2], x[3]]),
      weight: filter(b, dtype, "weight", weight),
    };
    const { dx } = b.add("conv2dBackwardData", "conv.dx", operands, params);
    const shortcut = image(b, dtype, "shortcut", x);
    return [b.add("add", "sum", last === "b" ? { a: shortcut, b: dx } : { a: dx, b: shortcut }, {}).y];
  };

export const gradientAdditionCases: Cases = {
  "a gradient by data, 1×1, and a shortcut's": added([2, 64, 5, 4], [16, 64, 1, 1], "b"),
  "a gradient by data, 1×1, and what is added to it": added([3, 16, 7, 7], [48, 16, 1, 1], "a"),
  "a gradient by data, 1×1, 20 to 12 channels, and a shortcut's": added([2, 20, 5, 4], [12, 20, 1, 1], "b"),
  "a gradient by data, 3×3, and a shortcut's": added([2, 16, 6, 6], [32, 16, 3, 3], "b"),
};
