// What run.ts asks of our-loader.ts: plain data, passed as one word.
import type { Precision } from "../../src/base/dtype.ts";

export interface LoaderTask {
  /** `feed`: a training from the files; `load`: their loader alone. */
  readonly task: "feed" | "load";
  readonly model: string;
  readonly batch: number;
  readonly dtype: Precision;
  readonly image: number;
  readonly threads: number;
  readonly convolution: "direct" | "auto";
  readonly seconds: number;
}
