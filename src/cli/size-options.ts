// The words of `residual train` that say how large images are.
import type { Option } from "commander";
import { number, option } from "./option-kinds.ts";

/** Under the names that commander makes of them; a resumed run has its own. */
export const sizeNames = ["imageSize", "testSize"] as const;

export const sizeOptions = (): readonly Option[] => [
  option("--image-size <pixels>", "of training photographs; or by epoch, as 128,6:224 (default: the recipe's)"),
  number("--test-size <pixels>", "of images in evaluation and prediction (default: the recipe's, or the last above)"),
];
