// `residual bench`: checks the numbers, times whole steps, and shows what share of the machine's roof they reach.

import { UsageError } from "../base/errors.ts";
import { profilePicture } from "../commands/bench/profile-picture.ts";
import { checkPictureName, writePicture } from "../commands/bench/write-picture.ts";
import { type BenchReport, type BenchStage, bench } from "../commands/bench.ts";
import {
  choiceMethodOf,
  convolutionOf,
  type EngineOptions,
  engineNameOf,
  refuseIgnored,
  threadsOf,
} from "../commands/choose-engine.ts";
import { precisionOf } from "../commands/choose-precision.ts";
import { formatCount, formatNumber, formatPercent } from "../commands/report/format.ts";
import { checkGraph } from "../engine/conformance/check-graph.ts";
import { profileLines } from "./profile-lines.ts";
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
  readonly profile?: true;
  /** Where the profile's picture goes. */
  readonly picture?: string;
}

const stages: { readonly [S in BenchStage]: string } = {
  check: "comparing the numbers of a small case with f64",
  compile: "compiling",
  time: "timing whole steps",
  profile: "timing each node",
  latency: "timing single images",
  roof: "measuring the machine's roof with large matrix products",
};

/** "train resnet20, batches of 128 images 3×32×32, f32". */
const caseOf = ({ what, model, batch, dtype, input }: BenchReport): string =>
  `${what} ${model}, batches of ${formatCount(batch)} images ${input.join("×")}, ${dtype}`;
const threadsText = (threads: number): string => `${formatCount(threads)} ${threads === 1 ? "thread" : "threads"}`;

const benchLines = (report: BenchReport): readonly string[] => {
  const { engine, threads, imagesPerSecond: rate, memory, hardware } = report;
  const { median, min, max, n } = rate;
  const { check, gflops, roofGflops, roofFraction, javascriptFraction } = report;
  return factLines([
    ["case", caseOf(report)],
    ["machine", `${hardware.cpu}; ${engine}, ${threadsText(threads)}`],
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
    ...(report.slowCode === null ? [] : [["slow code", report.slowCode] as const]),
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
  const { what, model, batch, image, seconds, engine = "onednn", picture } = words;
  const { environment, json, print } = session;
  if (what !== "train" && what !== "infer") {
    throw new UsageError(`bench times train or infer but was asked for "${what}"`);
  }
  if (picture !== undefined) checkPictureName(picture);
  const profile = words.profile === true || picture !== undefined;
  const { cpu, cores, memoryBytes } = environment.measureMachine();
  refuseIgnored(words);
  const known = choiceMethodOf({ choices: "measured", ...words }) === "measured" ? {} : undefined;
  const document = await bench(
    {
      what,
      model,
      batch,
      dtype: words.dtype === "int8" ? "int8" : precisionOf(words.dtype),
      engine: engineNameOf(engine),
      threads: engine === "reference" ? 1 : threadsOf(words, environment),
      convolution: convolutionOf(words, what === "infer" ? "auto" : "direct"),
      ...(image !== undefined && { image }),
      ...(seconds !== undefined && { seconds }),
      profile,
      onStage: (stage) => {
        if (!json) print(`${stages[stage]} …`);
      },
    },
    {
      openEngine: async (name, threads, convolution) =>
        (await environment.openEngine(engineNameOf(name), threads, convolution, known)).engine,
      checkGraph,
      now: environment.monotonicMs,
      hardware: { cpu, cores, memoryBytes },
    },
  );
  answer(session, document, () => [
    ...benchLines(document),
    ...(document.profile ? profileLines(document.profile) : []),
  ]);
  if (picture === undefined || document.profile === null) return;
  const heading = `${caseOf(document)}, ${threadsText(document.threads)}`;
  const file = await writePicture(profilePicture(document.profile, heading), picture, environment.host.cwd);
  if (!json) print(`picture   ${file}`);
};
