// Options of the command line by what is read from their text; what a number means is checked by the commands.
import { InvalidArgumentError, Option } from "commander";
import type { MapShape } from "../spec/spec.ts";

export const numberOf = (text: string): number => {
  const value = text.trim() === "" ? Number.NaN : Number(text);
  if (Number.isFinite(value)) return value;
  throw new InvalidArgumentError("It is not a number.");
};

/** `1x28x28` or `1,28,28`. */
export const shapeOf = (text: string): MapShape => {
  const match = /^(\d+)[x×,](\d+)[x×,](\d+)$/.exec(text.trim());
  if (match === null) throw new InvalidArgumentError("It should be channels, height and width, such as 1x28x28.");
  return [Number(match[1]), Number(match[2]), Number(match[3])];
};

/** `224,256,384`. */
export const numbersOf = (text: string): readonly number[] => text.split(",").map(numberOf);

export const option = (flags: string, description: string): Option => new Option(flags, description);
export const number = (flags: string, description: string): Option => option(flags, description).argParser(numberOf);
