// How long one image takes, as its caller sees it, with the message to the engine's thread and back.
import type { Program, ProgramInputs } from "../../engine/contract.ts";
import { median } from "./spread.ts";

/** Milliseconds from asking to the answer, of runs one after the other. */
export interface Latency {
  readonly median: number;
  /** 95 of 100 runs took no longer. */
  readonly p95: number;
  /** Runs. */
  readonly n: number;
}

const warmupRuns = 3;
const mostRuns = 500;
/** Fewer say nothing of the 95th of a hundred. */
const fewestRuns = 20;

/** The smallest value that a fraction `q` of all values don't exceed; NaN of none. */
export const quantile = (values: readonly number[], q: number): number =>
  values.toSorted((a, b) => a - b)[Math.max(0, Math.ceil(q * values.length) - 1)] ?? Number.NaN;

/** Runs for `seconds`, and at least twenty times, unless that takes five times as long. */
export const timeLatency = async (
  program: Program,
  inputs: ProgramInputs,
  { seconds, now }: { readonly seconds: number; readonly now: () => number },
): Promise<Latency> => {
  for (let run = 0; run < warmupRuns; run++) await program.run(inputs, "step");
  const times: number[] = [];
  const start = now();
  const elapsed = (): number => (now() - start) / 1000;
  const goesOn = (): boolean => elapsed() < seconds || (times.length < fewestRuns && elapsed() < 5 * seconds);
  while (times.length === 0 || (times.length < mostRuns && goesOn())) {
    const before = now();
    await program.run(inputs, "step");
    times.push(now() - before);
  }
  return { median: median(times), p95: quantile(times, 0.95), n: times.length };
};
