// Evaluates an ensemble: each network alone, and the mean of their probabilities.
import { invariant, UsageError } from "../../base/errors.ts";
import type { ImageSource } from "../../data/source.ts";
import type { Engine } from "../../engine/contract.ts";
import { conclude, type Evaluation } from "../../evaluate/evaluate.ts";
import { createEnsemble, type Ensemble } from "../../evaluate/mean-probabilities.ts";
import type { MemberDocument } from "./document.ts";
import {
  type EvaluationEnvironment,
  evaluateModel,
  type ModelEvaluation,
  type ModelEvaluationOptions,
} from "./evaluate-model.ts";
import type { Member } from "./open-members.ts";

export interface EvaluatedMembers {
  /** Of the ensemble; of one network, its own. The protocol is the first network's. */
  readonly evaluation: ModelEvaluation;
  /** Each network alone, where there are several. */
  readonly members?: readonly MemberDocument[];
}

const sameImages = (a: Evaluation, b: Evaluation): boolean =>
  a.images.length === b.images.length && a.images.every((image, i) => image === b.images[i]);

/** One network after the other; the logits of one at a time are in memory, beside the sums. */
export const evaluateMembers = async (
  members: readonly Member[],
  source: ImageSource,
  options: ModelEvaluationOptions,
  engine: Engine,
  environment: EvaluationEnvironment,
): Promise<EvaluatedMembers> => {
  const documents: MemberDocument[] = [];
  let [first, ensemble]: [ModelEvaluation | null, Ensemble | null] = [null, null];
  for (const { weights, model } of members) {
    const evaluation = await evaluateModel(model, source, options, engine, environment);
    const { top1, top5, loss, logits } = evaluation;
    documents.push({ weights, top1: top1.value, top5: top5.value, loss: loss.value });
    if (members.length === 1) return { evaluation };
    first ??= evaluation;
    if (!sameImages(first, evaluation)) {
      throw new UsageError(
        `other images could be decoded for ${weights} than for ${members[0]?.weights}: the data have changed meanwhile`,
      );
    }
    ensemble ??= createEnsemble(evaluation.n, logits.shape[1] ?? 0);
    ensemble.add(logits);
  }
  invariant(first !== null && ensemble !== null, "there is at least one network");
  const { split, broken, images, protocol } = first;
  return { evaluation: { ...conclude(split, source, broken, images, ensemble.mean()), protocol }, members: documents };
};
