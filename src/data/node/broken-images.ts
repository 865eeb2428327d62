// Tells a person of images that turn out broken while batches are prepared: one line for each, however often it comes up.
import type { BrokenImage } from "../prepare.ts";
import type { ImageSource } from "../source.ts";
import type { BrokenImageNotice } from "./data-set-options.ts";

type Use = BrokenImageNotice["use"];

const outcomes: { readonly [U in Use]: string } = {
  training: "in training other images take its place",
  evaluation: "it is left out of the evaluation",
};

/** For a loader's `onBroken`. */
export const tellBrokenOnce = (
  use: Use,
  onEvent: (event: BrokenImageNotice) => void,
): ((broken: BrokenImage) => void) => {
  const told = new Set<number>();
  return ({ image, problem }) => {
    if (told.has(image)) return;
    told.add(image);
    onEvent({ event: "broken", use, problem, message: `${problem}; ${outcomes[use]}` });
  };
};

/** For the `onBroken` of loaders that are opened anew for the same sources, epoch after epoch: one line for each image of a source. */
export const tellBrokenOncePerSource = (
  use: Use,
  onEvent: (event: BrokenImageNotice) => void,
): ((source: ImageSource) => (broken: BrokenImage) => void) => {
  const tellers = new Map<ImageSource, (broken: BrokenImage) => void>();
  return (source) => {
    const teller = tellers.get(source) ?? tellBrokenOnce(use, onEvent);
    tellers.set(source, teller);
    return teller;
  };
};
