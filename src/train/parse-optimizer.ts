// The part of a recipe that says how weights follow from gradients: optimiser, clipping, averages.
import { UsageError } from "../base/errors.ts";
import type { Clipping } from "../passes/clip-gradients.ts";
import type { AdamParams, OptimizerKind } from "../passes/optimizers.ts";
import { type Check, flag, kindOf, numberThat, oneOf, orNull, record, wholeNumber, withDefault } from "./checks.ts";
import { span } from "./parse-span.ts";
import type { Optimizer, WeightAveraging } from "./recipe.ts";
import type { Span } from "./span.ts";

const belowOne = (example: string): Check<number> =>
  numberThat((value) => value >= 0 && value < 1, `a number of at least 0 and below 1${example}`);
const notNegative = (example: string): Check<number> =>
  numberThat((value) => value >= 0, `a number of at least 0${example}`);
const positive = (example: string): Check<number> => numberThat((value) => value > 0, `a number above 0${example}`);

const weightDecay = notNegative(" (the paper's: 1e-4)");
/** SGD's defaults are He et al.'s; large-batch and adaptive optimisers leave batch norm and biases alone, as their papers' code does. */
const decay = (all: boolean, usual: number) => ({
  weightDecay: withDefault(weightDecay, usual),
  decayBatchNorm: withDefault(flag, all),
  decayBias: withDefault(flag, all),
});
const momentum = {
  momentum: withDefault(belowOne(" (the paper's: 0.9)"), 0.9),
  nesterov: withDefault(flag, false),
};
const adam = (epsilon: number): { readonly [F in keyof AdamParams]: Check<number> } => ({
  beta1: withDefault(belowOne(" (Kingma and Ba's: 0.9)"), 0.9),
  beta2: withDefault(belowOne(" (Kingma and Ba's: 0.999)"), 0.999),
  epsilon: withDefault(positive(""), epsilon),
});

const kinds = ["sgd", "lars", "adamw", "lamb"] as const;

export const optimizer: Check<Optimizer> = kindOf<OptimizerKind, Optimizer>(
  {
    sgd: record<Optimizer<"sgd">>({ kind: oneOf(["sgd"]), ...momentum, ...decay(true, 1e-4) }, "an optimizer"),
    lars: record<Optimizer<"lars">>(
      {
        kind: oneOf(["lars"]),
        ...momentum,
        trustCoefficient: withDefault(positive(" (the paper's: 0.001)"), 0.001),
        epsilon: withDefault(notNegative(""), 1e-8),
        ...decay(false, 1e-4),
      },
      "an optimizer",
    ),
    adamw: record<Optimizer<"adamw">>({ kind: oneOf(["adamw"]), ...adam(1e-8), ...decay(false, 0.01) }, "an optimizer"),
    lamb: record<Optimizer<"lamb">>({ kind: oneOf(["lamb"]), ...adam(1e-6), ...decay(false, 0.01) }, "an optimizer"),
  },
  kinds,
);

/** Throws UsageError where Nesterov's method has no momentum to look along. */
export const checkMomentum = (given: Optimizer, where: string): void => {
  if (!("momentum" in given) || !given.nesterov || given.momentum > 0) return;
  throw new UsageError(`${where}: optimizer.nesterov looks ahead along the momentum, which is 0; set one or the other`);
};

export const clipping: Check<Clipping> = record<Clipping>(
  { by: oneOf(["norm", "value"]), largest: positive("") },
  "gradient clipping",
);

export const weightAveraging: Check<WeightAveraging> = record<WeightAveraging>(
  {
    decay: withDefault(belowOne(" (such as 0.999)"), 0.999),
    warmup: withDefault<Span | null>(orNull(span), null),
    everySteps: withDefault(wholeNumber(1, ""), 1),
  },
  "an average of weights",
);
