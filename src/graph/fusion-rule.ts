// A fusion as data: a chain of operations that an engine computes as one. The fusion pass looks for it in a graph.
import type { OpKind } from "./ops.ts";

/** One link of a chain: an operation, and the operand by which it reads the link before it. */
export interface FusionLink {
  readonly kind: OpKind;
  /** Which operand of this operation is the result of the link before; null for the first link. */
  readonly through: string | null;
}

/**
 * A chain of operations, each reading one result of the one before it which nobody else reads (so that it need not exist).
 * The fused node stands where the last link stood.
 */
export interface FusionRule {
  /** The name that the engine knows it by: `batchNormTrain+relu`. */
  readonly name: string;
  readonly links: readonly FusionLink[];
}
