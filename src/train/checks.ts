// Checks of data from outside, as small functions that compose: each returns the value with its type, or throws a UsageError
// with the field's path, what it should be and what it is.
import { UsageError } from "../base/errors.ts";
import { nearest } from "../base/nearest.ts";

/**
 * `path` begins messages: `demo: schedule.milestones[0]`, or `demo:` for the whole of what is called demo. A value of undefined
 * is a missing field.
 */
export type Check<T> = (value: unknown, path: string) => T;

const isRoot = (path: string): boolean => path.endsWith(":");
const fieldOf = (path: string, field: string): string => `${path}${isRoot(path) ? " " : "."}${field}`;

const shown = (value: unknown): string => {
  if (value === undefined) return "is missing";
  const text = typeof value === "number" ? String(value) : (JSON.stringify(value) ?? String(value));
  return `is ${text.length > 60 ? `${text.slice(0, 60)}…` : text}`;
};

const refuse = (path: string, expected: string, value: unknown): never => {
  throw new UsageError(`${path} should be ${expected} but ${shown(value)}`);
};

/** `expected` continues "… should be", for example "a whole number of at least 1". */
export const numberThat =
  (accepts: (value: number) => boolean, expected: string): Check<number> =>
  (value, path) =>
    typeof value === "number" && Number.isFinite(value) && accepts(value) ? value : refuse(path, expected, value);

export const wholeNumber = (least: number, example: string): Check<number> =>
  numberThat((value) => Number.isInteger(value) && value >= least, `a whole number of at least ${least}${example}`);

export const text: Check<string> = (value, path) =>
  typeof value === "string" && value !== "" ? value : refuse(path, "a text", value);

export const flag: Check<boolean> = (value, path) =>
  typeof value === "boolean" ? value : refuse(path, "true or false", value);

/** One of a few words; a misspelt one is answered with the nearest. */
export const oneOf =
  <const W extends string>(words: readonly W[]): Check<W> =>
  (value, path) => {
    const word = words.find((known) => known === value);
    if (word !== undefined) return word;
    const near = typeof value === "string" ? nearest(value, words) : null;
    const remedy = near === null ? "" : `; did you mean "${near}"?`;
    throw new UsageError(
      `${path} should be ${words.map((known) => `"${known}"`).join(" or ")} but ${shown(value)}${remedy}`,
    );
  };

export const orNull =
  <T>(check: Check<T>): Check<T | null> =>
  (value, path) =>
    value === null ? null : check(value, path);

/** A field that may be left out. */
export const withDefault =
  <T>(check: Check<T>, fallback: T): Check<T> =>
  (value, path) =>
    value === undefined ? fallback : check(value, path);

export const listOf =
  <T>(check: Check<T>, expected: string): Check<readonly T[]> =>
  (value, path) =>
    Array.isArray(value)
      ? value.map((item: unknown, i) => check(item, `${path}[${i}]`))
      : refuse(path, expected, value);

export const pairOf =
  <T>(check: Check<T>, expected: string): Check<readonly [T, T]> =>
  (value, path) =>
    Array.isArray(value) && value.length === 2
      ? [check(value[0], `${path}[0]`), check(value[1], `${path}[1]`)]
      : refuse(path, expected, value);

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** What an object of this name has, by field. A field that it doesn't have is refused, with the nearest that it has. */
export const record = <T extends object>(
  checks: { readonly [F in keyof T]-?: Check<T[F]> },
  what: string,
): Check<T> => {
  const known = Object.keys(checks);
  const isWhole = (fields: Partial<T>): fields is T => known.every((field) => field in fields);
  return (value, path) => {
    if (!isRecord(value)) return refuse(path, `${what} {${known.join(", ")}}`, value);
    for (const field of Object.keys(value)) {
      if (known.includes(field)) continue;
      const near = nearest(field, known);
      const remedy = near === null ? `it has ${known.join(", ")}` : `did you mean "${near}"?`;
      throw new UsageError(`${path}${isRoot(path) ? "" : ":"} ${what} has no field "${field}"; ${remedy}`);
    }
    const fields: Partial<T> = {};
    for (const field in checks) fields[field] = checks[field](value[field], fieldOf(path, field));
    return isWhole(fields) ? fields : refuse(path, what, value);
  };
};

/** Objects of several kinds, told apart by their field `kind`. */
export const kindOf =
  <K extends string, T>(checks: { readonly [P in K]: Check<T> }, kinds: readonly K[]): Check<T> =>
  (value, path) => {
    const kind = oneOf(kinds)(isRecord(value) ? value.kind : undefined, fieldOf(path, "kind"));
    return checks[kind](value, path);
  };
