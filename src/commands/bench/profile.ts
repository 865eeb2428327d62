// A profile of a program: the same steps as are timed, with the seconds of each call, as medians over some runs.
import { UsageError } from "../../base/errors.ts";
import type { Program, ProgramInputs } from "../../engine/contract.ts";
import type { Node } from "../../graph/ops.ts";
import { type ProfileRow, type ProfileTotal, profileRows, profileTotals } from "./profile-rows.ts";
import { median } from "./spread.ts";

/** What `residual bench --profile` adds to the document. */
export interface ProfileReport {
  /** Runs that the medians are of. */
  readonly runs: number;
  /** Of one run, as its caller sees it: the calls, the loop over them, the message there and back. */
  readonly runSeconds: number;
  /** Sum of the nodes' medians. */
  readonly callSeconds: number;
  /** In the order in which they run. */
  readonly nodes: readonly ProfileRow[];
  /** Most expensive first. */
  readonly totals: readonly ProfileTotal[];
}

/** Medians of what was measured, before the roof is known. */
export interface ProfileRuns {
  readonly runs: number;
  readonly runSeconds: number;
  /** In the order of the program's implementations. */
  readonly seconds: readonly number[];
}

const fewestRuns = 3;
const mostRuns = 20;
const enoughMs = 3000;

/** Profiles a program that has run before. Throws UsageError for an engine that can't tell how long its calls take. */
export const profileRuns = async (
  program: Program,
  inputs: ProgramInputs,
  engine: string,
  now: () => number,
): Promise<ProfileRuns> => {
  if (program.profile === undefined) {
    throw new UsageError(`bench: the engine ${engine} can't tell how long its calls take; profile the engine onednn`);
  }
  const calls: Float64Array[] = [];
  const whole: number[] = [];
  const start = now();
  while (calls.length < fewestRuns || (calls.length < mostRuns && now() - start < enoughMs)) {
    const before = now();
    calls.push(await program.profile(inputs));
    whole.push((now() - before) / 1000);
  }
  return {
    runs: calls.length,
    runSeconds: median(whole),
    seconds: program.implementations.map((_, call) => median(calls.map((run) => run[call] ?? 0))),
  };
};

/** The report of those runs; `nodes` are the plan's, in order. */
export const profileReport = (
  { runs, runSeconds, seconds }: ProfileRuns,
  implementations: Program["implementations"],
  nodes: readonly Node[],
  roofGflops: number | null,
): ProfileReport => {
  const rows = profileRows({ implementations, seconds, nodes, roofGflops });
  return {
    runs,
    runSeconds,
    callSeconds: rows.reduce((sum, row) => sum + row.seconds, 0),
    nodes: rows,
    totals: profileTotals(rows, roofGflops),
  };
};
