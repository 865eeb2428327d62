// The batches of one update: forward and backward of each, and a look at its loss before anything of it is kept (design.md, rule 9).
import type { HostTensor } from "../base/tensor.ts";
import type { ProgramOutputs } from "../engine/contract.ts";
import type { Logits } from "../evaluate/logits.ts";
import type { BatchFeed } from "./batch-feed.ts";
import { type BadLoss, judgeLoss, type LossCourse } from "./loss-policy.ts";
import { type MixedBatch, mainLabels } from "./mix-batch.ts";
import type { Recipe } from "./recipe.ts";
import { countCorrect, logitsOf, numberOf } from "./step-outputs.ts";
import type { TrainingGraph } from "./training-graph.ts";
import type { TrainingPrograms } from "./training-programs.ts";

/** A batch whose update is left out, or at which training stops. Its arrays are valid until the callback's promise is settled. */
export interface BadBatch extends BadLoss, Pick<MixedBatch, "indices" | "partners" | "share"> {
  /** The step that it was of, from 1, its epoch from 1, and which of the step's batches it was, from 0. */
  readonly step: number;
  readonly epoch: number;
  readonly index: number;
  /** [N, C, H, W] as the network was fed: augmented, normalised and mixed. */
  readonly images: HostTensor<"f32">;
  readonly labels: HostTensor<"i32">;
  readonly logits: Logits;
}

export interface UpdateBatchesOptions {
  readonly programs: TrainingPrograms;
  readonly feed: BatchFeed;
  readonly graph: TrainingGraph;
  readonly recipe: Recipe;
  readonly onBadBatch: (batch: BadBatch) => Promise<void>;
  /** Shown what each good batch left, before the next run. */
  readonly onOutputs: (outputs: ProgramOutputs) => void;
}

/** What the batches came to: mean loss and images that were right, or that the update is not to be made. */
export type BatchesOutcome =
  | { readonly kind: "good"; readonly loss: number; readonly correct: number }
  | { readonly kind: "bad"; readonly bad: BadLoss };

/** `step` counts from 1. After a bad batch the update's others are passed over, so that the next update has its own batches. */
export const runBatches = async (
  { programs, feed, graph, recipe, onBadBatch, onOutputs }: UpdateBatchesOptions,
  course: LossCourse,
  { step, epoch }: { readonly step: number; readonly epoch: number },
): Promise<BatchesOutcome> => {
  const { accumulate } = recipe;
  let [loss, correct] = [0, 0];
  let found: BadLoss | null = null;
  for (let index = 0; index < accumulate; index++) {
    const batch = await feed.take();
    if (found !== null) {
      feed.prefetch();
      batch.release();
      continue;
    }
    const running = programs.step(batch, (step - 1) * accumulate + index);
    feed.prefetch(); // prepared while the step runs
    const outputs = await running;
    const batchLoss = numberOf(outputs, graph.loss.name);
    found = judgeLoss(batchLoss, course, recipe);
    if (found === null) {
      onOutputs(outputs);
      loss += batchLoss / accumulate;
      correct += countCorrect(outputs, graph.logits.name, mainLabels(batch));
    } else {
      const { indices, images, labels, partners, share } = batch;
      const logits = logitsOf(outputs, graph.logits.name);
      await onBadBatch({ ...found, step, epoch, index, indices, images, labels, partners, share, logits });
    }
    batch.release();
    if (found === null) await programs.accumulate(index);
  }
  return found === null ? { kind: "good", loss, correct } : { kind: "bad", bad: found };
};
