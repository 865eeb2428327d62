// A length of training, in whole steps or in epochs: warm-ups, milestones, the time between two checkpoints.

/** Epochs may be fractions where they make whole steps sense: half an epoch is rounded to steps. */
export type Span = { readonly epochs: number } | { readonly steps: number };

/** The span in whole steps, rounded to the nearest. */
export const spanSteps = (span: Span, stepsPerEpoch: number): number =>
  "steps" in span ? span.steps : Math.round(span.epochs * stepsPerEpoch);

/** As messages show it: `5 epochs`, `1 step`. */
export const formatSpan = (span: Span): string => {
  const [count, unit] = "steps" in span ? [span.steps, "step"] : [span.epochs, "epoch"];
  return `${count} ${unit}${count === 1 ? "" : "s"}`;
};
