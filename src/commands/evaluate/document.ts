// What `residual evaluate --json` prints: fractions, and the loss in nats.
import type { Evaluation } from "../../evaluate/evaluate.ts";

export interface EvaluateDocument {
  readonly split: string;
  /** Images. */
  readonly n: number;
  /** Images of the split that couldn't be decoded; counted in no other figure. What can't be read is out of the split from the start. */
  readonly broken: number;
  readonly top1: number;
  readonly top5: number;
  readonly loss: number;
  /** Where batch norm's statistics were estimated anew: everything above is with the new ones. */
  readonly reestimated?: ReestimatedDocument;
}

export interface ReestimatedDocument {
  /** Training images that were averaged over, in batches. */
  readonly images: number;
  readonly batch: number;
  readonly batches: number;
  /** In units of the channel's new deviation. */
  readonly largestMeanChange: { readonly layer: string; readonly channel: number; readonly deviations: number };
  /** With the statistics that the weights came with. */
  readonly before: { readonly top1: number; readonly top5: number; readonly loss: number };
  /** Where the model with new statistics was written. */
  readonly file: string | null;
}

export const evaluateDocument = ({ split, n, broken, top1, top5, loss }: Evaluation): EvaluateDocument => ({
  split,
  n,
  broken: broken.length,
  top1: top1.value,
  top5: top5.value,
  loss: loss.value,
});
