// A benchmark's record: everything that was measured, and how. Pure: samples in, record out; run.ts knows processes and clock.
import { z } from "zod";
import { type Spread, spreadOf } from "../src/commands/bench/spread.ts";

const positive = z.number().positive();

/** One process's measurement in one round. */
const sample = z.strictObject({
  /** Median of the round. */
  imagesPerSecond: positive,
  /** The process's own maximum, the interpreter and its libraries included. */
  peakResidentBytes: positive,
});

export const recordSchema = z.strictObject({
  formatVersion: z.literal(1),
  case: z.string(),
  what: z.enum(["train", "infer"]),
  model: z.string(),
  batch: z.int().positive(),
  dtype: z.string(),
  image: z.int().positive(),
  threads: z.int().positive(),
  /** ISO 8601, UTC: when the run began. */
  recordedAt: z.iso.datetime(),
  /** What was typed. */
  command: z.string(),
  hardware: z.strictObject({ cpu: z.string(), cores: z.int().positive(), memoryBytes: positive }),
  /** Processes that were ready to run when the run began, a mean over the last minute: 0 on a quiet machine. */
  loadBefore: z.number().min(0),
  /** Of residual, Node, oneDNN, and those that each peer reports. */
  versions: z.record(z.string(), z.string()),
  /** The comparison with f64 that came before the clock: the value that used most of the error it was allowed. */
  check: z.strictObject({ values: z.int().positive(), worst: z.strictObject({ name: z.string(), share: z.number() }) }),
  /** GFLOP/s of the best of several large matrix products, in each round. */
  roofGflops: z.array(positive).min(1),
  ours: z.strictObject({
    command: z.string(),
    samples: z.array(sample).min(1),
    /** GFLOP of one image: every operation of the graph, a multiply-add counted as two. */
    gflopPerImage: positive,
    /** Of a step, the share not spent inside the library's calls, in each round. */
    javascriptFraction: z.array(z.number()),
    arenaBytes: positive,
    arenaLowerBoundBytes: positive,
  }),
  peers: z.array(z.strictObject({ name: z.string(), command: z.string(), samples: z.array(sample).min(1) })),
  /** Peers that could not be run, and why. */
  skipped: z.array(z.strictObject({ name: z.string(), reason: z.string() })),
});

export type BenchRecord = z.infer<typeof recordSchema>;
export type Sample = z.infer<typeof sample>;

/** What the tables say of a record. */
export interface Comparison {
  readonly ours: Spread;
  /** Median GFLOP/s of ours ÷ the best roof of the run. */
  readonly roofFraction: number;
  readonly peakResidentBytes: number;
  /** Of the peers, the one with the best median; null where none could be run. */
  readonly best: {
    readonly name: string;
    readonly imagesPerSecond: Spread;
    readonly peakResidentBytes: number;
    /** Ours ÷ the peer's, round by round. */
    readonly ratio: Spread;
  } | null;
}

const rates = (samples: readonly Sample[]): readonly number[] => samples.map(({ imagesPerSecond }) => imagesPerSecond);
const peak = (samples: readonly Sample[]): number =>
  Math.max(...samples.map(({ peakResidentBytes }) => peakResidentBytes));

export const compare = ({ ours, peers, roofGflops }: BenchRecord): Comparison => {
  const our = spreadOf(rates(ours.samples));
  const ranked = peers
    .map((peer) => ({ ...peer, spread: spreadOf(rates(peer.samples)) }))
    .sort((a, b) => b.spread.median - a.spread.median);
  const best = ranked[0];
  return {
    ours: our,
    roofFraction: (our.median * ours.gflopPerImage) / Math.max(...roofGflops),
    peakResidentBytes: peak(ours.samples),
    best:
      best === undefined
        ? null
        : {
            name: best.name,
            imagesPerSecond: best.spread,
            peakResidentBytes: peak(best.samples),
            ratio: spreadOf(ratios(rates(ours.samples), rates(best.samples))),
          },
  };
};

/** Of the rounds that both have. */
const ratios = (ours: readonly number[], theirs: readonly number[]): readonly number[] =>
  theirs.flatMap((rate, round) => {
    const our = ours[round];
    return our === undefined ? [] : [our / rate];
  });
