// What `residual evaluate --json` prints: fractions, and the loss in nats.
import { type Calibration, calibrationOf } from "../../evaluate/calibration.ts";
import type { Evaluation } from "../../evaluate/evaluate.ts";
import type { Metric } from "../../evaluate/interval.ts";
import type { ProtocolDocument } from "./choose-protocol.ts";
import type { ModelEvaluation } from "./evaluate-model.ts";
import type { AssessedLabels } from "./reassessment.ts";
import { reassessEvaluation } from "./reassessment.ts";

type Interval = Metric["interval"];

export interface EvaluateDocument {
  readonly split: string;
  /** Images. */
  readonly n: number;
  /** Images of the split that couldn't be decoded; counted in no other figure. What can't be read is out of the split from the start. */
  readonly broken: number;
  readonly top1: number;
  readonly top5: number;
  readonly loss: number;
  /** 1 − top1 and 1 − top5, as papers print them. */
  readonly top1Error: number;
  readonly top5Error: number;
  /** 95 %. */
  readonly intervals: { readonly top1: Interval; readonly top5: Interval; readonly loss: Interval };
  readonly protocol: ProtocolDocument;
  /** Null where no image was answered. */
  readonly calibration: Calibration | null;
  /** By label; `top1` and `interval` are null for a class without images. */
  readonly perClass: readonly ClassDocument[];
  /** The mistakes made most often, at most ten. */
  readonly confused: readonly ConfusedDocument[];
  /** By re-assessed labels, where a file of them was given. */
  readonly reassessed?: ReassessedDocument;
  /** Of an ensemble, each network alone; everything above is of their mean. */
  readonly members?: readonly MemberDocument[];
  /** Where batch norm's statistics were estimated anew: everything above is with the new ones. */
  readonly reestimated?: ReestimatedDocument;
  /** The table of predictions, and the folder of the report, where they were asked for. */
  readonly predictions?: string;
  readonly report?: string;
}

export interface ClassDocument {
  readonly label: number;
  readonly name: string;
  readonly n: number;
  readonly top1: number | null;
  readonly interval: Interval | null;
}

export interface ConfusedDocument {
  readonly label: number;
  readonly predicted: number;
  readonly images: number;
}

export interface MemberDocument {
  readonly weights: string;
  readonly top1: number;
  readonly top5: number;
  readonly loss: number;
}

export interface ReassessedDocument {
  readonly file: string;
  /** "4/5" for votes. */
  readonly agree: string | null;
  /** How its entries were matched with images. */
  readonly matchedBy: string;
  /** Entries whose image isn't in the split. */
  readonly unmatched: number;
  /** Null where every image is left out. */
  readonly top1: number | null;
  readonly interval: Interval | null;
  /** By the data set's labels, over the same images. */
  readonly plainTop1: number | null;
  readonly assessed: number;
  readonly leftOut: number;
  readonly becameRight: number;
  readonly becameWrong: number;
  readonly labelsRejected: number;
  readonly severalAccepted: number;
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

const mostConfused = 10;

const confusedOf = ({ confusion: { classes, counts } }: Evaluation): readonly ConfusedDocument[] =>
  Array.from(counts, (images, i) => ({ label: Math.floor(i / classes), predicted: i % classes, images }))
    .filter(({ label, predicted, images }) => label !== predicted && images > 0)
    .sort((a, b) => b.images - a.images)
    .slice(0, mostConfused);

const reassessedOf = (evaluation: Evaluation, labels: AssessedLabels): ReassessedDocument => {
  const { accuracy, plain, ...counts } = reassessEvaluation(evaluation, labels);
  const { file, agreement, by, unmatched } = labels;
  return {
    file,
    agree: agreement === null ? null : `${agreement.k}/${agreement.n}`,
    matchedBy: by,
    unmatched,
    top1: accuracy?.value ?? null,
    interval: accuracy?.interval ?? null,
    plainTop1: plain?.value ?? null,
    ...counts,
  };
};

/** `classes` are names by label. */
export const evaluateDocument = (
  evaluation: ModelEvaluation,
  classes: readonly string[],
  labels: AssessedLabels | null = null,
): EvaluateDocument => {
  const { split, n, broken, top1, top5, loss, protocol, perClass } = evaluation;
  return {
    split,
    n,
    broken: broken.length,
    top1: top1.value,
    top5: top5.value,
    loss: loss.value,
    top1Error: 1 - top1.value,
    top5Error: 1 - top5.value,
    intervals: { top1: top1.interval, top5: top5.interval, loss: loss.interval },
    protocol,
    calibration: calibrationOf(evaluation.logits, evaluation.labels),
    perClass: perClass.map((metric, label) => ({
      label,
      name: classes[label] ?? String(label),
      n: metric?.n ?? 0,
      top1: metric?.value ?? null,
      interval: metric?.interval ?? null,
    })),
    confused: confusedOf(evaluation),
    ...(labels !== null && { reassessed: reassessedOf(evaluation, labels) }),
  };
};
