// Convolutions with what may follow them in one call. Each ending once where the shortcut's memory is free, and is added to in place,
// and once where the shortcut is read again afterwards, or is the convolution's own operand.
import type { ImageShape } from "../../../src/base/shape.ts";
import { padding } from "../../../src/graph/geometry.ts";
import { type Case, type Cases, filter, image, vector } from "./case.ts";

interface Ending {
  readonly bias: boolean;
  /** Which operand of the addition the branch is; null: nothing is added. */
  readonly branch: "a" | "b" | null;
  readonly relu: boolean;
}
/** `free`: the last to read the shortcut is the addition. `kept`: it is an output as well. `own`: it is the convolution's operand. */
type Shortcut = "free" | "kept" | "own";

const chain =
  ([n, c, h, w]: ImageShape, { bias, branch, relu }: Ending, shortcut: Shortcut): Case =>
  (b, dtype) => {
    const images = image(b, dtype, "x", [n, c, h, w]);
    // Something that is made by the program, so that its memory can be taken over.
    const before = (name: string) => ({ ...b.add("relu", name, { x: images }, {}).y, shape: images.shape });
    const x = before("before");
    const weight = filter(b, dtype, "weight", [c, c, 3, 3]);
    const params = { stride: [1, 1], padding: padding(1), groups: 1 } as const;
    let { y } = b.add("conv2d", "conv", { x, weight }, params);
    if (bias) y = b.add("addBias", "bias", { x: y, bias: vector(b, dtype, "bias.vector", c) }, {}).y;
    const outputs = [];
    if (branch !== null) {
      const other = shortcut === "own" ? x : before("shortcut");
      if (shortcut === "kept") outputs.push(other);
      const operands = branch === "a" ? { a: y, b: other } : { a: other, b: y };
      y = { ...b.add("add", "sum", operands, {}).y, shape: x.shape };
    }
    return [...outputs, relu ? b.add("relu", "relu", { x: y }, {}).y : y];
  };

const endings: readonly Ending[] = [true, false].flatMap((bias) =>
  (["a", "b", null] as const).flatMap((branch) => [true, false].map((relu) => ({ bias, branch, relu }))),
);

const titleOf = ({ bias, branch, relu }: Ending): string =>
  [
    "convolution",
    ...(bias ? ["bias"] : []),
    ...(branch === null ? [] : [`a sum of which it is ${branch}`]),
    ...(relu ? ["relu"] : []),
  ].join(", ");

const shapes: Readonly<Record<string, ImageShape>> = {
  "16 channels": [2, 16, 6, 6],
  "20 channels, odd size": [3, 20, 5, 7],
};

export const chainCases: Cases = Object.fromEntries(
  endings.flatMap((ending) =>
    Object.entries(shapes).flatMap(([shapeTitle, shape]) =>
      (ending.branch === null ? (["free"] as const) : (["free", "kept", "own"] as const)).map((shortcut) => [
        `${titleOf(ending)}; ${shapeTitle}${ending.branch === null ? "" : `, the shortcut ${shortcut}`}`,
        chain(shape, ending, shortcut),
      ]),
    ),
  ),
);
