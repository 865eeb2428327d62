// How often two networks answer alike.
import { invariant } from "../../base/errors.ts";
import { accuracyOf, type Metric } from "../../evaluate/interval.ts";
import type { Logits } from "../../evaluate/logits.ts";
import { predictedClasses } from "../../evaluate/top-k.ts";

/** The fraction of rows whose largest logit is of the same class in both tables [n, classes], with Wilson's interval. */
export const agreementOf = (a: Logits, b: Logits): Metric => {
  const [first, second] = [predictedClasses(a), predictedClasses(b)];
  invariant(first.length === second.length, "both tables are of the same images");
  let same = 0;
  for (let i = 0; i < first.length; i++) if (first[i] === second[i]) same++;
  return accuracyOf(same, first.length);
};
