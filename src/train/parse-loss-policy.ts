// The part of a recipe that says what becomes of bad batches.
import { type Check, numberThat, oneOf, record, wholeNumber, withDefault } from "./checks.ts";
import type { BadStepPolicy, SpikePolicy } from "./recipe.ts";

/** "stop", or {"skip": n}. */
export const badStepPolicy: Check<BadStepPolicy> = (value, path) =>
  typeof value === "object" && value !== null
    ? record<{ readonly skip: number }>({ skip: wholeNumber(1, " step in a row") }, "a number of skipped steps")(
        value,
        path,
      )
    : oneOf(["stop"])(value, path);

export const spikePolicy = record<SpikePolicy>(
  {
    factor: withDefault(
      numberThat((factor) => factor > 1, "a number above 1, of the median of the last losses"),
      4,
    ),
    window: withDefault(wholeNumber(4, " batches"), 32),
    action: withDefault<BadStepPolicy>(badStepPolicy, { skip: 3 }),
  },
  "a policy for spikes",
);
