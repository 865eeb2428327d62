// Tells a person of images that turn out broken while batches are prepared: one line for each, however often it comes up.
import type { BrokenImage } from "../prepare.ts";
import type { DataSetNotice } from "./data-set-options.ts";

const outcomes = {
  training: "in training other images take its place",
  evaluation: "it is left out of the evaluation",
} as const;

/** For a loader's `onBroken`. */
export const tellBrokenOnce = (
  use: keyof typeof outcomes,
  onEvent: (event: DataSetNotice) => void,
): ((broken: BrokenImage) => void) => {
  const told = new Set<number>();
  return ({ image, problem }) => {
    if (told.has(image)) return;
    told.add(image);
    onEvent({ event: "warning", message: `${problem}; ${outcomes[use]}` });
  };
};
