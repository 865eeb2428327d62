// `residual bench`: checks the numbers on a reduced case, then times whole steps on synthetic data, and says what share of the
// machine's practical roof they reach. About a minute. Comparing with peers is `npm run bench` (bench/run.ts).
import { UsageError } from "../base/errors.ts";
import type { Engine, NodeImplementation, State } from "../engine/contract.ts";
import { flopsOf } from "../graph/cost-rules.ts";
import { fuse } from "../passes/fuse.ts";
import { makePlan, type Plan } from "../plan/plan.ts";
import type { ResNetSpec } from "../spec/spec.ts";
import { type Arithmetic, evaluationPlan } from "../train/evaluation-program.ts";
import { type BenchCase, benchCase, benchInputs, benchSpec, benchState, checkCount } from "./bench/bench-case.ts";
import { benchNetwork, checkBenchType } from "./bench/bench-network.ts";
import { checkNumbers, type NumbersCheck } from "./bench/check-numbers.ts";
import type { BenchEnvironment, BenchHardware, BenchOptions } from "./bench/environment.ts";
import { measureRoof } from "./bench/measure-roof.ts";
import { type ProfileReport, profileReport, profileRuns } from "./bench/profile.ts";
import { slowCodeNotice } from "./bench/slow-code.ts";
import { type Spread, spreadOf } from "./bench/spread.ts";
import { type Latency, timeLatency } from "./bench/time-latency.ts";
import { timeSteps } from "./bench/time-steps.ts";
import { checkBytes } from "./choose-precision.ts";

export type { BenchEnvironment, BenchHardware, BenchOptions, BenchStage } from "./bench/environment.ts";
export { measureRoof } from "./bench/measure-roof.ts";
export type { Spread } from "./bench/spread.ts";

/** The document of `residual bench --json`. */
export interface BenchReport {
  readonly what: BenchOptions["what"];
  readonly model: string;
  readonly batch: number;
  readonly dtype: BenchOptions["dtype"];
  /** [channels, height, width]. */
  readonly input: readonly [number, number, number];
  readonly engine: BenchOptions["engine"];
  readonly threads: number;
  /** Of rounds of half a second or more. */
  readonly imagesPerSecond: Spread;
  /** Of a batch of one image; null of training. */
  readonly latencyMs: Latency | null;
  /** The median rate in GFLOP/s: every operation of the graph, a multiply-add counted as two. */
  readonly gflops: number;
  /** GFLOP/s of the best of several large matrix products in the same run; null when it was not measured. */
  readonly roofGflops: number | null;
  /** gflops ÷ roofGflops. */
  readonly roofFraction: number | null;
  /** Of a step, the share not spent inside the library's calls; null where the engine can't tell. */
  readonly javascriptFraction: number | null;
  readonly memory: { readonly arenaBytes: number; readonly lowerBoundBytes: number };
  /** Null when it was asked not to check. */
  readonly check: NumbersCheck | null;
  readonly hardware: BenchHardware;
  readonly implementations: readonly NodeImplementation[];
  /** One sentence on the nodes that run by reference code or by gemm; null where there is none. */
  readonly slowCode: string | null;
  /** Null when it was not asked for. */
  readonly profile: ProfileReport | null;
}

/**
 * Benchmarks one case on one engine. Throws UsageError for a case that doesn't exist, WrongNumbersError when the engine's numbers
 * are wrong (then nothing is timed), and what opening the engine throws.
 */
export const bench = async (options: BenchOptions, environment: BenchEnvironment): Promise<BenchReport> => {
  const { what, batch, dtype, threads, seconds = 20, seed = 0, onStage } = options;
  checkBenchType(options);
  const spec = benchSpec(options);
  checkCount("batch", batch);
  checkCount("threads", threads);
  if (!(seconds > 0)) throw new UsageError(`bench: seconds should be above 0 but is ${seconds}`);
  const { convolution = what === "infer" ? "auto" : "direct" } = options;
  const engine = await environment.openEngine(options.engine, threads, convolution);
  try {
    if (dtype === "int8") checkBytes(engine, "--dtype int8", "take --dtype f32");
    onStage?.("check");
    const check = (options.check ?? true) ? await checkNumbers(engine, options, spec, seed, environment) : null;

    onStage?.("compile");
    const { arithmetic, tensors } = await benchNetwork(engine, spec, dtype, seed);
    const each = benchCase(what, spec, batch, arithmetic);
    const state = await engine.createState(tensors ?? benchState(each, seed));
    const plan = benchPlan(what, each, batch, arithmetic, engine);
    const program = await engine.compile(plan, state);

    onStage?.("time");
    const { now, hardware } = environment;
    const inputs = benchInputs(each, seed);
    const times = await timeSteps(program, inputs, { batch, seconds, now });
    if (options.profile) onStage?.("profile");
    const profiled = options.profile ? await profileRuns(program, inputs, engine.name, now) : null;
    const { implementations, memory } = program;
    await program.dispose();

    if (what === "infer") onStage?.("latency");
    const latencyMs =
      what === "infer" ? await latencyOf(engine, spec, state, arithmetic, { seconds: seconds / 5, seed, now }) : null;
    await state.dispose();

    onStage?.("roof");
    const roofGflops = (options.roof ?? true) ? await measureRoof(engine, dtype) : null;
    const imagesPerSecond = spreadOf(times.imagesPerSecond);
    // Weights are prepared once for a state; norms are for the log, when asked for.
    const timed = each.graph.nodes.filter(({ part }) => part === "step" || part === "update");
    const flops = timed.reduce((sum, node) => sum + flopsOf(node), 0);
    const gflops = ((flops / batch) * imagesPerSecond.median) / 1e9;
    return {
      what,
      model: spec.name,
      batch,
      dtype,
      input: spec.input,
      engine: options.engine,
      threads,
      imagesPerSecond,
      latencyMs,
      gflops,
      roofGflops,
      roofFraction: roofGflops === null ? null : gflops / roofGflops,
      javascriptFraction: times.javascriptFraction,
      memory: { arenaBytes: memory.arenaBytes, lowerBoundBytes: memory.lowerBoundBytes },
      check,
      hardware,
      implementations,
      slowCode: slowCodeNotice(implementations, plan.order)?.message ?? null,
      profile: profiled === null ? null : profileReport(profiled, implementations, plan.order, roofGflops),
    };
  } finally {
    await engine.dispose();
  }
};

const benchPlan = (
  what: BenchOptions["what"],
  each: BenchCase,
  batch: number,
  arithmetic: Arithmetic,
  engine: Engine,
): Plan =>
  what === "infer" ? evaluationPlan(engine, each.spec, batch, arithmetic) : makePlan(fuse(each.graph, engine.fusions));

/** Times one image over the state of the batch. */
const latencyOf = async (
  engine: Engine,
  spec: ResNetSpec,
  state: State,
  arithmetic: Arithmetic,
  { seed, ...timing }: { readonly seconds: number; readonly seed: number; readonly now: () => number },
): Promise<Latency> => {
  const single = benchCase("infer", spec, 1, arithmetic);
  const program = await engine.compile(benchPlan("infer", single, 1, arithmetic, engine), state);
  const latency = await timeLatency(program, benchInputs(single, seed), timing);
  await program.dispose();
  return latency;
};
