// What run.ts asks of ours.ts: plain data, passed as one word.
import type { Precision } from "../src/base/dtype.ts";

export interface OurTask {
  readonly task: "check" | "time" | "roof";
  readonly what: "train" | "infer";
  readonly model: string;
  readonly batch: number;
  readonly dtype: Precision;
  readonly image: number;
  readonly threads: number;
  readonly convolution: "direct" | "auto";
  readonly seconds: number;
}
