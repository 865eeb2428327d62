// The words of `residual evaluate` that say how images are looked at and judged, and what is left behind.
import type { Option } from "commander";
import { UsageError } from "../base/errors.ts";
import { additionNames, protocolNames } from "../evaluate/protocol.ts";
import { numbersOf, option } from "./option-kinds.ts";

export interface Judgement {
  readonly protocol?: string;
  readonly tta?: string;
  readonly scales?: readonly number[];
  readonly labels?: string;
  readonly agree?: string;
  readonly predictions?: string;
  readonly out?: string;
}
export const judgementOptions = (): readonly Option[] => [
  option("--protocol <name>", `${protocolNames.join(", ")} (default: own, as the weights' preprocessing says)`),
  option("--tta <names>", `test-time augmentation, averaged: ${additionNames.join(", ")}, or both with a comma`),
  option("--scales <pixels>", "shorter sides of multi-scale (default: 224,256,384,480,640)").argParser(numbersOf),
  option("--labels <file>", "re-assessed labels: ReaL's JSON, or annotators' votes as JSON or CSV"),
  option("--agree <k/n>", "of votes: right is what at least k of an image's n annotators accept, such as 4/5"),
  option("--predictions <file>", "a new .csv or .parquet file with what was said of each image"),
  option("--out <folder>", "a new folder for a report with its pictures"),
];

/** The last word is the data. */
export const weightsAndData = (words: readonly string[]) => {
  const [weights, data] = [words.slice(0, -1), words.at(-1)];
  if (data !== undefined && weights.length > 0) return { weights, data };
  throw new UsageError(
    `evaluate takes weights and then data, such as "evaluate runs/demo fashion-mnist"; there is only "${data}"`,
  );
};
