// The words of `residual train` that say what it leaves behind on the way, and what becomes of bad steps: fields of the recipe that hang on
// the machine and on how long it runs.
import type { Option } from "commander";
import { number, option } from "./option-kinds.ts";

/** Under the names that commander makes of them; a resumed run has its own. */
export const survivalNames = [
  "accumulate",
  "checkpointEvery",
  "keepCheckpoints",
  "onNonFinite",
  "onSpike",
  "histograms",
] as const;

export const survivalOptions = (): readonly Option[] => [
  number("--accumulate <n>", "batches of one update: memory of one, gradients of all (default: the recipe's)"),
  option("--checkpoint-every <span>", "epochs, or steps such as 500steps (default: the recipe's)"),
  number("--keep-checkpoints <n>", "of the newest, beside the best (default: the recipe's)"),
  option("--on-non-finite <how>", "stop, or how many such steps in a row are skipped (default: the recipe's)"),
  option(
    "--on-spike <how>",
    "none, stop, or how many steps in a row are skipped whose loss is far above the last ones'",
  ),
  number(
    "--histograms <n>",
    "of weights and gradients, for TensorBoard, after each so many epochs (default: the recipe's)",
  ),
];
