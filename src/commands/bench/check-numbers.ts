// The check that comes before the clock: the same network and primitives, a few small images, compared with f64. A
// fast engine that computes something else is of no use.
import { invariant } from "../../base/errors.ts";
import type { NamedTensors } from "../../base/tensor.ts";
import type { Engine } from "../../engine/contract.ts";
import { largestMapOf } from "../../plan/strips.ts";
import type { ResNetSpec } from "../../spec/spec.ts";
import { evaluationGraph, evaluationPlan } from "../../train/evaluation-program.ts";
import { type BenchCase, benchCase, benchState } from "./bench-case.ts";
import { quantizeCase } from "./bench-network.ts";
import { conditionedTensors } from "./conditioned-tensors.ts";
import type { BenchEnvironment, BenchOptions, BenchType, CheckedValue } from "./environment.ts";

/** The numbers are not those of the network: nothing was timed. */
export class WrongNumbersError extends Error {
  override readonly name = "WrongNumbersError";
}

export interface NumbersCheck {
  /** Outputs and states that were compared, each as a whole. */
  readonly values: number;
  /** The one that used most of the error it was allowed. */
  readonly worst: { readonly name: string; readonly share: number };
  readonly seconds: number;
}

/**
 * Images. For a single one and for several of inference other code is taken; eight of these small images are enough for
 * Winograd's algorithm.
 */
const batches: { readonly [W in BenchOptions["what"]]: readonly number[] } = { train: [2], infer: [1, 8] };
/** Large enough for maps of 2×2 after all strides of an ImageNet network: batch norm needs some values for its statistics. */
const largestImage = 40;
/** An allowed error beyond this fraction of a value would let anything pass. */
const largestRelative = 0.25;
/**
 * Where roundings turn the sign of a number before a relu, gradients jump; how often they do in the disturbed runs that the allowed
 * error is measured with is chance. An engine that is wrong fails from any numbers, so a second start decides.
 */
const starts = 2;

/** Throws WrongNumbersError when a value is farther off than rounding explains, or when the check would say nothing. */
export const checkNumbers = async (
  engine: Engine,
  { what, dtype }: Pick<BenchOptions, "what" | "dtype">,
  spec: ResNetSpec,
  seed: number,
  environment: BenchEnvironment,
): Promise<NumbersCheck> => {
  const begin = environment.now();
  const [channels, height, width] = spec.input;
  const reduced = {
    ...spec,
    input: [channels, Math.min(height, largestImage), Math.min(width, largestImage)],
  } as const;
  const values: CheckedValue[] = [];
  let fresh: NamedTensors | undefined; // the network's numbers don't depend on the batch
  for (const batch of batches[what]) {
    const precision = dtype === "int8" ? "f32" : dtype;
    const each = benchCase(what, reduced, batch, precision);
    fresh ??= benchState(each, seed);
    values.push(...(await checkBatch(engine, each, dtype, seed, fresh, environment)));
  }
  const { name, share } = worstOf(values);
  return { values: values.length, worst: { name, share }, seconds: (environment.now() - begin) / 1000 };
};

const checkBatch = async (
  engine: Engine,
  each: BenchCase,
  dtype: BenchType,
  seed: number,
  fresh: NamedTensors,
  { checkGraph }: BenchEnvironment,
): Promise<readonly CheckedValue[]> => {
  let problem = "";
  for (let start = 0; start < starts; start++) {
    const given = conditionedTensors(each, seed + start, start === 0 ? fresh : undefined);
    const { tensors, runAs, plans } =
      dtype === "int8" ? await quantized(engine, each, given) : { tensors: given, runAs: each.graph, plans: [] };
    const values = await checkGraph(engine, each.definition, tensors, { runAs, plans });
    const worst = worstOf(values);
    const vague = values.find(({ relative }) => relative > largestRelative);
    if (worst.share <= 1 && vague === undefined) return values;
    problem =
      worst.share <= 1 && vague !== undefined
        ? `${vague.name} can't be checked: roundings alone move it by ${vague.relative.toPrecision(3)} of itself`
        : `the engine ${engine.name} computes ${worst.name} wrong: it is off by ${worst.share.toPrecision(3)} times what rounding explains`;
  }
  throw new WrongNumbersError(`${each.spec.name}: ${problem}; nothing was timed`);
};

/**
 * The case over bytes. How far that is from f32 is no matter of rounding: each node is held to its own definition, with every value observed.
 * What is timed observes none, so that runs too; and in strips, which maps as small as these would otherwise not be cut into.
 */
const quantized = async (engine: Engine, each: BenchCase, given: NamedTensors) => {
  const { tensors, quantization } = await quantizeCase(engine, each, given);
  const images = [...given].filter(([name]) => name === "images");
  const batch = images[0]?.[1].shape[0] ?? 1;
  const runAs = evaluationGraph(each.spec, batch, quantization);
  const timed = evaluationPlan(engine, each.spec, batch, quantization);
  const cut = evaluationPlan(engine, each.spec, batch, quantization, largestMapOf(timed) / 2);
  const plans = cut.strips === undefined ? [timed] : [timed, cut];
  return { tensors: new Map([...tensors, ...images]), runAs, plans };
};

/** A NaN share is the worst. */
const worstOf = (values: readonly CheckedValue[]): CheckedValue => {
  const first = values[0];
  invariant(first !== undefined, "every graph has outputs to compare");
  return values.reduce((a, b) => (b.share <= a.share ? a : b), first);
};
