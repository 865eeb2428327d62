// Learning-rate schedules: pure functions of the step's number, the number of steps, and the steps of an epoch. The first step
// is 0. A schedule is data (part of a recipe); a new kind is one line in `Schedules` and one row in the table.
import { type Span, spanSteps } from "./span.ts";

/** Every kind of schedule and what it takes. `learningRate` is the largest rate, reached after the warm-up. */
export interface Schedules {
  constant: { readonly learningRate: number };
  /** × `factor` at each milestone, counted from the first step, warm-up included (He et al. 2015: ÷10). */
  step: { readonly learningRate: number; readonly milestones: readonly Span[]; readonly factor: number };
  /** Half a cosine from the rate to `finalFraction` of it (Loshchilov and Hutter 2016, without restarts), after the warm-up. */
  cosine: { readonly learningRate: number; readonly finalFraction: number };
  /**
   * × `factor` each time so many epochs' validations in a row have not been better than the best (He et al. 2015 divided by 10 "when
   * the error plateaus"; PyTorch's ReduceLROnPlateau has patience + 1 such epochs). Needs a validation split.
   */
  plateau: { readonly learningRate: number; readonly factor: number; readonly patienceEpochs: number };
  /**
   * Up to the rate for the first `riseFraction` of the steps, from rate ÷ `startDivisor`; then down to that ÷ `endDivisor`
   * (Smith and Topin 2017, with the two phases of PyTorch's OneCycleLR: pct_start, div_factor, final_div_factor).
   */
  "one-cycle": {
    readonly learningRate: number;
    readonly riseFraction: number;
    readonly startDivisor: number;
    readonly endDivisor: number;
    readonly anneal: Anneal;
  };
}
export type ScheduleKind = keyof Schedules;
export type Anneal = "linear" | "cosine";

/** The rate rises linearly from `fromFraction` of what it is at the warm-up's end (Goyal et al. 2017, §2.2). */
export interface Warmup {
  readonly span: Span;
  readonly fromFraction: number;
  /** "constant" stays at that fraction instead (He et al. 2015, §4.2, for 110 layers; Goyal et al. 2017, §2.2); "linear" by default. */
  readonly rise?: "linear" | "constant";
}

/** A schedule of any kind or, given a kind, of that kind only. */
export type Schedule<K extends ScheduleKind = ScheduleKind> = {
  [P in K]: { readonly kind: P; readonly warmup: Warmup | null } & Schedules[P];
}[K];

/** Where a training is: 0 ≤ step < totalSteps. */
export interface Position {
  readonly step: number;
  readonly totalSteps: number;
  readonly stepsPerEpoch: number;
  /** How often the validation has reached a plateau; 0 by default. */
  readonly plateaus?: number;
}

/** Steps of the warm-up; 0 without one. */
export const warmupSteps = ({ warmup }: Schedule, stepsPerEpoch: number): number =>
  warmup === null ? 0 : spanSteps(warmup.span, stepsPerEpoch);

const anneals: { readonly [A in Anneal]: (from: number, to: number, fraction: number) => number } = {
  linear: (from, to, fraction) => from + (to - from) * fraction,
  cosine: (from, to, fraction) => to + ((from - to) / 2) * (1 + Math.cos(Math.PI * fraction)),
};

const rules: { readonly [K in ScheduleKind]: (schedule: Schedule<K>, at: Position) => number } = {
  constant: ({ learningRate }) => learningRate,
  step: ({ learningRate, milestones, factor }, { step, stepsPerEpoch }) => {
    const passed = milestones.filter((milestone) => step >= spanSteps(milestone, stepsPerEpoch)).length;
    return learningRate * factor ** passed;
  },
  plateau: ({ learningRate, factor }, { plateaus = 0 }) => learningRate * factor ** plateaus,
  // Step totalSteps, which is never taken, would have the final rate.
  cosine: (schedule, { step, totalSteps, stepsPerEpoch }) => {
    const { learningRate, finalFraction } = schedule;
    const start = warmupSteps(schedule, stepsPerEpoch);
    return anneals.cosine(learningRate, learningRate * finalFraction, (step - start) / (totalSteps - start));
  },
  // PyTorch's: the peak lies at step riseFraction·totalSteps − 1 (rarely a whole number), the end at the last step.
  "one-cycle": ({ learningRate, riseFraction, startDivisor, endDivisor, anneal }, { step, totalSteps }) => {
    const start = learningRate / startDivisor;
    const peak = Math.max(0, riseFraction * totalSteps - 1);
    const last = totalSteps - 1;
    if (step < peak) return anneals[anneal](start, learningRate, step / peak);
    return anneals[anneal](learningRate, start / endDivisor, last > peak ? (step - peak) / (last - peak) : 0);
  },
};

const scheduled = <K extends ScheduleKind>(schedule: Schedule<K>, at: Position): number => {
  const rule: (schedule: Schedule<K>, at: Position) => number = rules[schedule.kind];
  return rule(schedule, at);
};

/** The learning rate of a step. */
export const learningRateAt = (schedule: Schedule, at: Position): number => {
  const rising = warmupSteps(schedule, at.stepsPerEpoch);
  if (schedule.warmup === null || at.step >= rising) return scheduled(schedule, at);
  const reached = scheduled(schedule, { ...at, step: rising });
  const from = schedule.warmup.fromFraction * reached;
  return schedule.warmup.rise === "constant" ? from : anneals.linear(from, reached, at.step / rising);
};
