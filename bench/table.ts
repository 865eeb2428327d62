// Numbers and lines of the tables in docs/results.md. Pure.
import type { Spread } from "../src/commands/bench/spread.ts";

/** Three significant digits, never in powers of ten. */
export const number = (value: number): string =>
  value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2);
export const withRange = ({ median, min, max }: Spread): string => `${number(median)} (${number(min)}–${number(max)})`;
export const percent = (fraction: number): string => `${(fraction * 100).toFixed(1)} %`;
export const mebibytes = (bytes: number): string => `${Math.round(bytes / 2 ** 20)} MiB`;
export const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
