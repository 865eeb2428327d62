// What a command is handed of the world: engines, data, clocks, a place to tell things. Commands themselves read no argv, no
// environment and no clock, so the command line, the library and tests run the same code.
import type { DataSet } from "../data/data-set.ts";
import type { DataSetOptions } from "../data/node/data-set-options.ts";
import type { Choices, Engine } from "../engine/contract.ts";
import type { Recipe } from "../train/recipe.ts";
import type { CommandEvent } from "./events.ts";
import type { Machine } from "./machine.ts";
import type { PullDocument } from "./pull/pulled-model.ts";
import type { Host } from "./run-directory/host.ts";

/** Engines that a person can ask for. */
export const engineNames = ["onednn", "reference"] as const;
export type EngineName = (typeof engineNames)[number];

/**
 * How the CPU engine convolves: `direct` (default), or `auto`: with Winograd's algorithm where that is faster. It is as deterministic,
 * and less exact: errors of some 10⁻⁶ of a result's norm, not 10⁻⁷.
 */
export const convolutionAlgorithms = ["direct", "auto"] as const;
export type ConvolutionAlgorithm = (typeof convolutionAlgorithms)[number];

/** An engine, and the version of the library that it drives (null: it drives none). The caller disposes of it. */
export interface OpenedEngine {
  readonly engine: Engine;
  readonly version: string | null;
  /** The measured choices that it has made use of so far; left out where choices are by rule. */
  readonly choices?: () => Choices;
}

/**
 * How the code that computes each convolution is chosen: `rules`, the same on every machine, or `measured` when a network is compiled,
 * a second or a few for a network that was not measured before.
 */
export const choiceMethods = ["rules", "measured"] as const;
export type ChoiceMethod = (typeof choiceMethods)[number];

export interface CommandEnvironment {
  readonly host: Host;
  /** Residual's cache folder (base/cache-folder.ts), in which pulled weights lie. */
  readonly cacheFolder: string;
  /** Milliseconds that only grow, from any beginning. */
  readonly monotonicMs: () => number;
  /** Cores and memory as they are now. */
  readonly measureMachine: () => Machine;
  /** Of residual and Node: name to version. */
  readonly versions: Readonly<Record<string, string>>;
  /** The command line, or what stands for it, word by word. */
  readonly command: readonly string[];
  readonly recipes: ReadonlyMap<string, Recipe>;
  /**
   * Throws MissingError, with the remedy, where this machine lacks the engine's library. With `choices`, convolutions are chosen by
   * measuring where these, or this machine's cache, don't say it already.
   */
  readonly openEngine: (
    name: EngineName,
    threads: number,
    convolution: ConvolutionAlgorithm,
    choices?: Choices,
  ) => Promise<OpenedEngine>;
  /** By name or path; knows where data sets are kept on this machine. */
  readonly openDataSet: (nameOrPath: string, options: DataSetOptions) => Promise<DataSet>;
  /**
   * Fetches pretrained weights by name into the cache folder (pull.ts). Left out where nothing may be fetched: then only what the cache
   * holds counts as there.
   */
  readonly pull?: (name: string) => Promise<PullDocument>;
  /** Asks long work to stop: training finishes its step and writes a checkpoint, anything else rejects with the signal's reason. */
  readonly signal?: AbortSignal;
  readonly onEvent: (event: CommandEvent) => void;
}
