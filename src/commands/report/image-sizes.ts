// Where the training images of a run had another size than before: marked on the learning curves, for losses and accuracies of batches jump
// there.
import * as Plot from "@observablehq/plot";
import { formatCount } from "./format.ts";
import type { EpochPoint } from "./input.ts";
import type { Palette } from "./palette.ts";

/** Epochs in a row with training images of one size. */
export interface SizeSpan {
  /** `128×128`. */
  readonly size: string;
  /** Steps before it. */
  readonly fromStep: number;
  readonly firstEpoch: number;
  readonly lastEpoch: number;
}

/** Several, or none: one size is the network's and needs no mark. */
export const sizeSpans = (epochs: readonly EpochPoint[]): readonly SizeSpan[] => {
  const spans: SizeSpan[] = [];
  for (const [i, { epoch, imageSize }] of epochs.entries()) {
    if (imageSize === undefined) return [];
    const size = imageSize.join("×");
    const last = spans.at(-1);
    if (last?.size === size) spans[spans.length - 1] = { ...last, lastEpoch: epoch };
    else spans.push({ size, fromStep: epochs[i - 1]?.step ?? 0, firstEpoch: epoch, lastEpoch: epoch });
  }
  return spans.length > 1 ? spans : [];
};

/** "128×128 in epochs 1 … 6, 224×224 in epochs 7 … 10"; empty where there is one size. */
export const sizesInWords = (epochs: readonly EpochPoint[]): string =>
  sizeSpans(epochs)
    .map(({ size, firstEpoch, lastEpoch }) => {
      const [first, last] = [formatCount(firstEpoch), formatCount(lastEpoch)];
      return `${size} in ${first === last ? `epoch ${first}` : `epochs ${first} … ${last}`}`;
    })
    .join(", ");

/** A rule where images change. */
export const sizeRules = (epochs: readonly EpochPoint[], palette: Palette): Plot.Markish =>
  Plot.ruleX(sizeSpans(epochs).slice(1), { x: "fromStep", stroke: palette.muted, strokeDasharray: "6,3" });

/** The sizes, at the top of a chart, each from its first step on. */
export const sizeNames = (epochs: readonly EpochPoint[], palette: Palette): Plot.Markish =>
  Plot.text(sizeSpans(epochs), {
    x: "fromStep",
    text: "size",
    frameAnchor: "top",
    textAnchor: "start",
    dx: 4,
    dy: 2,
    fill: palette.muted,
    fontSize: 11,
  });
