// What a program's lowering is told beside its plan.
import type { Choosing } from "./convolution-choices.ts";

export interface LoweringOptions {
  readonly convolution: "direct" | "auto";
  /** What is known of convolutions' speed, and measures the others; where there is none, choices are by rule. */
  readonly choices?: Choosing;
}
