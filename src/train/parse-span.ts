// A length of training from outside.
import { type Check, numberThat, record, wholeNumber } from "./checks.ts";
import type { Span } from "./span.ts";

/** Either number of steps or number of epochs. */
export const span: Check<Span> = (value, path) =>
  typeof value === "object" && value !== null && "steps" in value
    ? record<{ readonly steps: number }>({ steps: wholeNumber(1, "") }, "a span of training")(value, path)
    : record<{ readonly epochs: number }>(
        { epochs: numberThat((epochs) => epochs > 0, "a number above 0") },
        "a span of training",
      )(value, path);
