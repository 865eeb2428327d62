// What run.ts asks of ours.ts: plain data, passed as one word.
import type { BenchType } from "../src/commands/bench/environment.ts";

export interface OurTask {
  readonly task: "check" | "time" | "roof";
  readonly what: "train" | "infer";
  readonly model: string;
  readonly batch: number;
  readonly dtype: BenchType;
  readonly image: number;
  readonly threads: number;
  readonly convolution: "direct" | "auto";
  readonly seconds: number;
}
