// What `npm run bench` measures of the loader: a training fed from JPEG files beside the step alone, and the loader alone. Data.
import type { Precision } from "../../src/base/dtype.ts";

export interface LoaderCase {
  readonly name: string;
  readonly model: string;
  readonly batch: number;
  readonly dtype: Precision;
  /** Height and width of the crops. */
  readonly image: number;
  /** For how long each of the three is timed in each round. */
  readonly seconds: number;
}

const precisions: readonly Precision[] = ["f32", "bf16"];

export const loaderCases: readonly LoaderCase[] = precisions.map((dtype) => ({
  ...{ name: `train-resnet50-jpeg-${dtype}`, model: "resnet50", batch: 16, dtype, image: 224, seconds: 15 },
}));
