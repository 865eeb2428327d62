// From an error to what a person reads and a script sees: one sentence, and an exit status. 0 done, 1 the machine failed (or the
// work was interrupted), 2 wrong usage or input.
import { FormatError, MissingError, NativeError, ShapeError, UnsupportedError, UsageError } from "../base/errors.ts";
import { FileError } from "../base/file-error.ts";
import { WrongNumbersError } from "../commands/bench/check-numbers.ts";
import { LossSpikeError } from "../train/loss-policy.ts";
import { NonFiniteError } from "../train/non-finite-error.ts";
import { Interrupted } from "./interruption.ts";

export type ExitStatus = 0 | 1 | 2;

/** Errors whose message says all that the person needs. */
const explained = [
  Interrupted,
  WrongNumbersError,
  FormatError,
  MissingError,
  NativeError,
  ShapeError,
  UnsupportedError,
  UsageError,
  FileError,
  NonFiniteError,
  LossSpikeError,
];

export const exitStatusOf = (error: unknown): 1 | 2 =>
  error instanceof UsageError || error instanceof FormatError ? 2 : 1;

/** What is printed of an error: its message or, with `debug`, its stack as well. */
export const errorText = (error: unknown, debug: boolean): string => {
  if (debug && error instanceof Error) return `error: ${error.stack ?? error.message}`;
  const message = error instanceof Error ? error.message : String(error);
  if (explained.some((known) => error instanceof known)) return `error: ${message}`;
  return `error: ${message} (this is unexpected: run it again with --debug to see where it comes from)`;
};
