// Times whole steps of a program, as its caller sees them: with the messages to its thread and back.
import type { Program, ProgramInputs } from "../../engine/contract.ts";
import { median } from "./spread.ts";

export interface StepTimes {
  /** Images a second of each round; a round is some steps, half a second or longer. */
  readonly imagesPerSecond: readonly number[];
  /**
   * Of a step's time, the share that is not spent inside the library's calls: JavaScript's loop, what it computes itself, and the
   * messages. Null where the program can't tell.
   */
  readonly javascriptFraction: number | null;
}

export interface TimingOptions {
  readonly batch: number;
  /** For how long; at least `minRounds` rounds, but no round begins after one and a half times this time. */
  readonly seconds: number;
  readonly now: () => number;
}

const warmupSteps = 2;
const minRounds = 5;
const roundMs = 500;
const profiledSteps = 10;

/** Runs warm-up steps, then rounds. Later steps wait for earlier ones, as a training's do. */
export const timeSteps = async (
  program: Program,
  inputs: ProgramInputs,
  { batch, seconds, now }: TimingOptions,
): Promise<StepTimes> => {
  const run = async (steps: number): Promise<number> => {
    const start = now();
    for (let step = 0; step < steps; step++) await program.run(inputs);
    return now() - start;
  };
  await run(warmupSteps);
  const stepMs = await run(1);
  const steps = Math.max(1, Math.ceil(roundMs / Math.max(stepMs, 1e-3)));
  const imagesPerSecond: number[] = [];
  const start = now();
  const elapsed = (): number => (now() - start) / 1000;
  while (imagesPerSecond.length < minRounds || elapsed() < seconds) {
    if (imagesPerSecond.length > 0 && elapsed() > 1.5 * seconds) break;
    imagesPerSecond.push((batch * steps * 1000) / (await run(steps)));
  }
  return { imagesPerSecond, javascriptFraction: await javascriptFraction(program, inputs, now) };
};

const javascriptFraction = async (
  program: Program,
  inputs: ProgramInputs,
  now: () => number,
): Promise<number | null> => {
  if (program.profile === undefined) return null;
  const fractions: number[] = [];
  const start = now();
  while (fractions.length < profiledSteps && (fractions.length < 2 || now() - start < 4000)) {
    const before = now();
    const secondsOfCalls = await program.profile(inputs);
    const stepSeconds = (now() - before) / 1000;
    const native = program.implementations.reduce(
      (sum, { implementation }, call) =>
        implementation.startsWith("script:") ? sum : sum + (secondsOfCalls[call] ?? 0),
      0,
    );
    fractions.push(1 - native / stepSeconds);
  }
  return median(fractions);
};
