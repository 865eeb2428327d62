// Levels: the whole numbers that bytes of a quantised network hold.
import { type ByteDType, byteLevels } from "./dtype.ts";

/** The nearest whole number; of two that are as near, the even one (IEEE 754's roundTiesToEven). */
export const roundHalfToEven = (number: number): number => {
  const below = Math.floor(number);
  const rest = number - below; // exact: it needs no more bits than the number
  if (rest !== 0.5) return rest < 0.5 ? below : below + 1;
  return below % 2 === 0 ? below : below + 1;
};

/** The level of a type that is nearest to a number, ties to even; what is beyond the type's levels is cut off, NaN becomes 0. */
export const roundToLevel = (number: number, dtype: ByteDType): number => {
  const [least, largest] = byteLevels[dtype];
  if (Number.isNaN(number)) return 0;
  return Math.min(largest, Math.max(least, roundHalfToEven(number)));
};
