// Which engine computes, and what happens where oneDNN is not there: training stops with the remedy; what only runs a network
// forward goes on with the reference engine, and says how slow that is.
import { MissingError, UsageError } from "../base/errors.ts";
import { nearest } from "../base/nearest.ts";
import type { Choices } from "../engine/contract.ts";
import { countMacs } from "../spec/counts.ts";
import type { ResNetSpec } from "../spec/spec.ts";
import {
  type ChoiceMethod,
  type CommandEnvironment,
  type ConvolutionAlgorithm,
  choiceMethods,
  convolutionAlgorithms,
  type EngineName,
  engineNames,
  type OpenedEngine,
} from "./environment.ts";

export interface EngineOptions {
  /** By default oneDNN. */
  readonly engine?: string;
  /** By default the cores that this process may use. */
  readonly threads?: number;
  /**
   * "direct", or "auto": what the library thinks fastest, in f32 Winograd's algorithm for many 3×3, which is less exact (docs/onednn.md).
   * By default direct in training, auto in evaluation.
   */
  readonly convolution?: string;
  /** "rules" (default), or "measured": which code computes each convolution. To train and to time. */
  readonly choices?: string;
}

export interface ChosenEngine extends OpenedEngine {
  readonly threads: number;
  readonly convolution: ConvolutionAlgorithm;
}

/** Multiply-accumulates a second of the reference engine's forward pass: resnet20, 60 images, one core of an AMD EPYC with AVX-512. */
const referenceMacsPerSecond = 3.5e8;

/** Throws UsageError, with the nearest name, for an engine that there isn't. */
export const engineNameOf = (engine: string): EngineName => {
  const name = engineNames.find((known) => known === engine);
  if (name !== undefined) return name;
  const near = nearest(engine, engineNames);
  const remedy = near === null ? `known are ${engineNames.join(", ")}` : `did you mean "${near}"?`;
  throw new UsageError(`unknown engine "${engine}"; ${remedy}`);
};

/** The threads asked for, or the cores that this process may use. Throws UsageError. */
export const threadsOf = (options: EngineOptions, environment: Pick<CommandEnvironment, "measureMachine">): number => {
  const { threads = environment.measureMachine().cores } = options;
  if (Number.isInteger(threads) && threads >= 1) return threads;
  throw new UsageError(`--threads should be a whole number of at least 1 but is ${threads}`);
};

/** The algorithm asked for, or else `usual`. Throws UsageError. */
export const convolutionOf = ({ convolution }: EngineOptions, usual: ConvolutionAlgorithm): ConvolutionAlgorithm => {
  if (convolution === undefined) return usual;
  const algorithm = convolutionAlgorithms.find((known) => known === convolution);
  if (algorithm !== undefined) return algorithm;
  throw new UsageError(`--convolution should be "direct" or "auto" but is "${convolution}"`);
};

/** Whether convolutions are chosen by rule or by measuring. Throws UsageError. */
export const choiceMethodOf = ({ choices }: EngineOptions): ChoiceMethod => {
  if (choices === undefined) return "rules";
  const method = choiceMethods.find((known) => known === choices);
  if (method !== undefined) return method;
  throw new UsageError(`--choices should be "rules" or "measured" but is "${choices}"`);
};

/**
 * Throws UsageError for options that the reference engine has no use for: it computes in one way, on one thread. Options that ask for
 * just that may stay.
 */
export const refuseIgnored = ({ engine, threads, convolution, choices }: EngineOptions): void => {
  if (engine !== "reference") return;
  const ignored = [
    ...(threads !== undefined && threads !== 1 ? [`--threads ${threads}`] : []),
    ...(convolution !== undefined && convolution !== "direct" ? [`--convolution ${convolution}`] : []),
    ...(choices !== undefined && choices !== "rules" ? [`--choices ${choices}`] : []),
  ];
  if (ignored.length === 0) return;
  throw new UsageError(
    `--engine reference computes by the definition, on one thread, so ${ignored.join(" and ")} would be ignored; leave ${ignored.length === 1 ? "it" : "them"} out`,
  );
};

/** The engine to train with; `known`: choices that were measured before. Throws MissingError, with both remedies, where it isn't there; UsageError for an unknown name. */
export const engineForTraining = async (
  options: EngineOptions,
  environment: CommandEnvironment,
  known: Choices = {},
): Promise<ChosenEngine> => {
  const name = engineNameOf(options.engine ?? "onednn");
  const threads = name === "reference" ? 1 : threadsOf(options, environment);
  const convolution = convolutionOf(options, "direct");
  const choices = choiceMethodOf(options) === "measured" ? known : undefined;
  try {
    return { ...(await environment.openEngine(name, threads, convolution, choices)), threads, convolution };
  } catch (error) {
    if (!(error instanceof MissingError)) throw error;
    throw new MissingError(
      `${error.message}; or take --engine reference, the definition in plain loops: hundreds of times slower`,
      { cause: error },
    );
  }
};

/**
 * The engine to run a network forward with, on so many images: oneDNN or, where it is missing and none
 * was asked for, reference.
 */
export const engineForInference = async (
  options: EngineOptions,
  spec: ResNetSpec,
  images: number,
  environment: CommandEnvironment,
): Promise<ChosenEngine> => {
  const name = engineNameOf(options.engine ?? "onednn");
  refuseIgnored(options);
  const threads = name === "reference" ? 1 : threadsOf(options, environment);
  const convolution = convolutionOf(options, "auto");
  try {
    return { ...(await environment.openEngine(name, threads, convolution)), threads, convolution };
  } catch (error) {
    if (!(error instanceof MissingError) || options.engine !== undefined) throw error;
    const seconds = (countMacs(spec) * images) / referenceMacsPerSecond;
    environment.onEvent({
      event: "warning",
      message:
        `${error.message}. Going on with the reference engine, which is hundreds of times slower: ` +
        `${images} ${images === 1 ? "image takes" : "images take"} about ${roughly(seconds)}`,
    });
    return { ...(await environment.openEngine("reference", 1, convolution)), threads: 1, convolution };
  }
};

/** An estimate from a constant deserves one digit or two. */
const roughly = (seconds: number): string => {
  if (seconds < 1) return "a second";
  if (seconds < 90) return `${Number(seconds.toPrecision(2))} s`;
  return seconds < 5400 ? `${Math.round(seconds / 60)} min` : `${Number((seconds / 3600).toPrecision(2))} h`;
};
