// Two ways to compare what an engine computed with the f64 values. `share` is the part of the allowed error that was used.
import { type FloatDType, type TypedArray, unitRoundoff } from "../../base/dtype.ts";
import type { ErrorBound } from "./error-rules.ts";

export interface Comparison {
  readonly name: string;
  readonly error: number;
  readonly allowed: number;
  /** error / allowed: at most 1 where the engine conforms. NaN when the engine's values are. */
  readonly share: number;
}

/** Below the smallest normal f32 engines may flush to zero. */
const smallestNormal = 2 ** -126;

/** γ_n = n·u / (1 − n·u): what n roundings come to at most. */
export const gamma = (roundings: number, u: number): number => (roundings * u) / (1 - roundings * u);

/**
 * Element by element, each |Δ| ≤ γ_n · magnitude: for a value that one operation made of exact operands. A bf16 value may be computed
 * in f32 and is then rounded once more, relative to itself; `expected` is not rounded to bf16.
 */
export const compareElements = (
  name: string,
  actual: TypedArray,
  expected: TypedArray,
  bound: ErrorBound,
  dtype: FloatDType | "bf16",
): Comparison => {
  const [u, last] = dtype === "bf16" ? [unitRoundoff.f32, unitRoundoff.bf16] : [unitRoundoff[dtype], 0];
  let worst: Comparison = { name, error: 0, allowed: smallestNormal, share: 0 };
  for (let i = 0; i < expected.length; i++) {
    const error = Math.abs(actual[i]! - expected[i]!);
    const allowed =
      bound.roundings === 0
        ? 0
        : gamma(bound.roundings, u) * bound.magnitude[i]! * (1 + last) + last * Math.abs(expected[i]!) + smallestNormal;
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
