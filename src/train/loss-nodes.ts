// The loss of a recipe as nodes behind the logits.
import type { FeatureShape, ScalarShape } from "../base/shape.ts";
import type { GraphBuilder } from "../graph/builder.ts";
import type { Value } from "../graph/value.ts";
import type { Recipe } from "./recipe.ts";

export interface LossNodes {
  readonly loss: Value<ScalarShape>;
  /** Whether the inputs `partners` and `share` stand beside `labels`. */
  readonly takesShares: boolean;
}

/** Cross-entropy of whole images reads their labels alone; other losses have a target for every class, which is made in the graph. */
export const addLoss = (
  builder: GraphBuilder,
  logits: Value<FeatureShape>,
  { loss, mixing, labelSmoothing }: Pick<Recipe, "loss" | "mixing" | "labelSmoothing">,
): LossNodes => {
  const [batch, classes] = logits.shape;
  const labels = builder.input("labels", "i32", [batch]);
  if (loss.kind === "cross-entropy" && mixing === null) {
    const nodes = builder.add("softmaxCrossEntropy", "crossEntropy", { logits, labels }, { labelSmoothing });
    return { loss: nodes.loss, takesShares: false };
  }
  const mixed = {
    labels,
    partners: builder.input("partners", "i32", [batch]),
    share: builder.input("share", "f32", [batch]),
  };
  const threshold = loss.kind === "binary-cross-entropy" ? loss.targetThreshold : null;
  const { targets } = builder.add("mixedTargets", "targets", mixed, { classes, labelSmoothing, threshold });
  if (loss.kind === "cross-entropy") {
    return { loss: builder.add("softCrossEntropy", "crossEntropy", { logits, targets }, {}).loss, takesShares: true };
  }
  const { over } = loss;
  const nodes = builder.add("binaryCrossEntropy", "binaryCrossEntropy", { logits, targets }, { over });
  return { loss: nodes.loss, takesShares: true };
};
