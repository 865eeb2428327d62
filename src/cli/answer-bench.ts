// `residual bench`: checks the numbers, times whole steps, and shows what share of the machine's roof they reach.

import { UsageError } from "../base/errors.ts";
import { type BenchReport, type BenchStage, bench } from "../commands/bench.ts";
import { type EngineOptions, engineNameOf, threadsOf } from "../commands/choose-engine.ts";
import { precisionOf } from "../commands/choose-precision.ts";
import { formatCount, formatNumber, formatPercent } from "../commands/report/format.ts";
import { checkGraph } from "../engine/conformance/check-graph.ts";
import { answer, type Session } from "./session.ts";
import { factLines } from "./table.ts";
import { formatBytes } from "./units.ts";

export interface BenchWords extends EngineOptions {
  readonly what: string;
  readonly model: string;
  readonly batch: number;
  readonly dtype?: string;
  readonly image?: number;
  readonly seconds?: number;
}

const stages: { readonly [S in BenchStage]: string } = {
  check: "comparing the numbers of a small case with f64",
  compile: "compiling",
  time: "timing whole steps",
  latency: "timing single images",
  roof: "measuring the machine's roof with large matrix products",
};

const benchLines = (report: BenchReport): readonly string[] => {
  const { what, model, batch, dtype, input, engine, threads, imagesPerSecond: rate, memory, hardware } = report;
  const { median, min, max, n } = rate;
  const { check, gflops, roofGflops, roofFraction, javascriptFraction } = report;
  return factLines([
    ["case", `${what} ${model}, batches of ${formatCount(batch)} images ${input.join("×")}, ${dtype}`],
    ["machine", `${hardware.cpu}; ${engine}, ${formatCount(threads)} ${threads === 1 ? "thread" : "threads"}`],
    [
      "speed",
      `${formatCount(median)} images/s (${formatCount(min)} … ${formatCount(max)} in ${formatCount(n)} rounds)`,
    ],
    ...(report.latencyMs === null
      ? []
      : [
          [
            "one image",
            `${formatCount(report.latencyMs.median)} ms (95 of 100 within ${formatCount(report.latencyMs.p95)} ms; ${formatCount(report.latencyMs.n)} runs)`,
          ] as const,
        ]),
    [
      "work",
      roofGflops === null || roofFraction === null
        ? `${formatCount(gflops)} GFLOP/s`
        : `${formatCount(gflops)} GFLOP/s, ${formatPercent(roofFraction, 0)} of the ${formatCount(roofGflops)} that large matrix products reach`,
    ],
    ...(javascriptFraction === null
      ? []
      : [["JavaScript", `${formatPercent(javascriptFraction, 1)} of a step`] as const]),
    [
      "memory",
      `arena ${formatBytes(memory.arenaBytes)}; no layout does with less than ${formatBytes(memory.lowerBoundBytes)}`,
    ],
    ...(check === null
      ? []
      : [
          [
            "numbers",
            `${formatCount(check.values)} values agree with f64; ${check.worst.name} used ${formatNumber(check.worst.share, 2)} of its allowed error`,
          ] as const,
        ]),
  ]);
};

/** Throws UsageError for words that mean no case, and what bench throws. */
export const answerBench = async (words: BenchWords, session: Session): Promise<void> => {
  const { what, model, batch, image, seconds, engine = "onednn" } = words;
  const { environment, json, print } = session;
  if (what !== "train" && what !== "infer") {
    throw new UsageError(`bench times train or infer but was asked for "${what}"`);
  }
  const { cpu, cores, memoryBytes } = environment.measureMachine();
  const document = await bench(
    {
      what,
      model,
      batch,
      dtype: precisionOf(words.dtype),
      engine: engineNameOf(engine),
      threads: engine === "reference" ? 1 : threadsOf(words, environment),
      ...(image !== undefined && { image }),
      ...(seconds !== undefined && { seconds }),
      onStage: (stage) => {
        if (!json) print(`${stages[stage]} …`);
      },
    },
    {
      openEngine: async (name, threads, convolution) =>
        (await environment.openEngine(engineNameOf(name), threads, convolution)).engine,
      checkGraph,
      now: environment.monotonicMs,
      hardware: { cpu, cores, memoryBytes },
    },
  );
  answer(session, document, () => benchLines(document));
};
