// The part of a recipe that says what is learned: the loss, and how images of a batch are mixed.
import { UsageError } from "../base/errors.ts";
import { type Check, kindOf, numberThat, oneOf, orNull, record, withDefault } from "./checks.ts";
import type { Loss, Mixing } from "./recipe.ts";

const fraction = numberThat((value) => value >= 0 && value <= 1, "a fraction from 0 to 1");
const alpha = (example: string): Check<number> =>
  numberThat((value) => value >= 0, `a number of at least 0 (${example}; 0 leaves it out)`);

export const loss: Check<Loss> = kindOf<Loss["kind"], Loss>(
  {
    "cross-entropy": record<Loss & { readonly kind: "cross-entropy" }>({ kind: oneOf(["cross-entropy"]) }, "a loss"),
    "binary-cross-entropy": record<Loss & { readonly kind: "binary-cross-entropy" }>(
      {
        kind: oneOf(["binary-cross-entropy"]),
        over: withDefault<"sum" | "mean">(oneOf(["sum", "mean"]), "mean"),
        targetThreshold: withDefault(orNull(fraction), null),
      },
      "a loss",
    ),
  },
  ["cross-entropy", "binary-cross-entropy"],
);

const mixingFields = record<Mixing>(
  {
    mixup: withDefault(alpha("Zhang et al.: 0.2"), 0),
    cutmix: withDefault(alpha("Yun et al.: 1"), 0),
    switchProbability: withDefault(fraction, 0.5),
  },
  "mixing",
);

export const mixing: Check<Mixing> = (value, path) => {
  const given = mixingFields(value, path);
  if (given.mixup > 0 || given.cutmix > 0) return given;
  throw new UsageError(`${path} mixes nothing: mixup and cutmix are 0; set one of them, or leave mixing out`);
};
