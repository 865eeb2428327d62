// Two ways to compare what an engine computed with the f64 values. `share` is the part of the allowed error that was used.
import { type FloatDType, type TypedArray, unitRoundoff, type ValueDType } from "../../base/dtype.ts";
import type { ErrorBound } from "./error-rules.ts";

export interface Comparison {
  readonly name: string;
  readonly error: number;
  readonly allowed: number;
  /** error / allowed: at most 1 where the engine conforms. NaN when the engine's values are. */
  readonly share: number;
}

/** About the smallest normal f32 (2⁻¹²⁶) engines may flush to zero, or stop where their e^x does: within two of it. */
const leastError = 2 ** -125;

/** γ_n = n·u / (1 − n·u): what n roundings come to at most. */
export const gamma = (roundings: number, u: number): number => (roundings * u) / (1 - roundings * u);

/** The noise that a bound stands for when its roundings are independent, as a fraction of the magnitude. */
export const expectedNoise = ({ roundings, inOwnType = 0 }: ErrorBound, dtype: ValueDType): number =>
  Math.sqrt(roundings) * unitRoundoff.f32 + (dtype === "bf16" ? Math.sqrt(inOwnType) * unitRoundoff.bf16 : 0);

/**
 * What element i of a value may be off by: γ_n · magnitude for its operation, done in f32 where the value is bf16, and then once more
 * u of itself for being stored as bf16. Nothing where it is exact. `expected` is not rounded to bf16.
 */
export const allowedError = (
  { roundings, inOwnType = 0, magnitude }: ErrorBound,
  i: number,
  expected: number,
  dtype: FloatDType | "bf16",
): number => {
  if (roundings === 0) return 0;
  if (dtype !== "bf16") return gamma(roundings, unitRoundoff[dtype]) * magnitude[i]! + leastError;
  const u = unitRoundoff.bf16;
  const before = (gamma(roundings, unitRoundoff.f32) + gamma(inOwnType, u)) * magnitude[i]!;
  return before * (1 + u) + u * Math.abs(expected) + leastError;
};

/** Element by element: for a value that one operation made of exact operands. */
export const compareElements = (
  name: string,
  actual: TypedArray,
  expected: TypedArray,
  bound: ErrorBound,
  dtype: FloatDType | "bf16",
): Comparison => {
  let worst: Comparison = { name, error: 0, allowed: leastError, share: 0 };
  for (let i = 0; i < expected.length; i++) {
    const error = Math.abs(actual[i]! - expected[i]!);
    const allowed = allowedError(bound, i, expected[i]!, dtype);
    const share = error === 0 ? 0 : error / allowed;
    if (!(share <= worst.share)) worst = { name: `${name}[${i}]`, error, allowed, share };
    if (Number.isNaN(share)) break;
  }
  return actual.length === expected.length ? worst : { ...worst, share: Number.NaN };
};

/** √Σ(a − b)². */
export const distance = (a: ArrayLike<number>, b: ArrayLike<number>): number => {
  let squares = 0;
  for (let i = 0; i < a.length; i++) squares += (a[i]! - b[i]!) ** 2;
  return Math.sqrt(squares);
};

/** By the Euclidean norm of the whole value: for what many operations made. */
export const compareNorm = (name: string, actual: TypedArray, expected: TypedArray, allowed: number): Comparison => {
  const error = actual.length === expected.length ? distance(actual, expected) : Number.NaN;
  return { name, error, allowed, share: error === 0 ? 0 : error / allowed };
};
