// Numbers as a reader sees them: unit, sensible digits, thousands apart. What is not a number is called so.
import type { Metric } from "../../evaluate/interval.ts";

const grouped = new Intl.NumberFormat("en-US", { maximumFractionDigits: 0 });

export const formatCount = (value: number): string => (Number.isFinite(value) ? grouped.format(value) : "not a number");

/** A number to so many significant digits, without exponent or trailing zeros: 0.2, 1.39, 0.000012. */
export const formatNumber = (value: number, digits = 3): string =>
  Number.isFinite(value)
    ? new Intl.NumberFormat("en-US", { maximumSignificantDigits: digits, useGrouping: false }).format(value)
    : "not a number";

/** 0.9205 → "92.05 %" (a no-break space between). */
export const formatPercent = (fraction: number, decimals = 2): string =>
  Number.isFinite(fraction) ? `${(100 * fraction).toFixed(decimals)}\u00a0%` : "not a number";

/**
 * The percentage of a probability. Rounding never turns what is unsure into certainty: 0.99996 → "> 99.9 %",
 * 0.00004 → "< 0.1 %".
 */
export const formatProbability = (probability: number): string => {
  if (probability > 0.999 && probability < 1) return ">\u00a099.9\u00a0%";
  if (probability > 0 && probability < 0.001) return "<\u00a00.1\u00a0%";
  return formatPercent(probability, 1);
};

/** "272 k", "41.1 M", "4.1 G": for counts whose last digits say nothing. */
export const formatLarge = (value: number): string => {
  for (const [size, letter] of [
    [1e9, "G"],
    [1e6, "M"],
    [1e3, "k"],
  ] as const) {
    if (value >= size) return `${formatNumber(value / size)}\u00a0${letter}`;
  }
  return formatCount(value);
};

/** 45.2 → "45.2 s", 200 → "3 min 20 s", 8000 → "2 h 13 min". */
export const formatDuration = (seconds: number): string => {
  if (!Number.isFinite(seconds)) return "not a number";
  if (seconds < 59.95) return `${seconds.toFixed(1)}\u00a0s`;
  const whole = Math.round(seconds);
  if (whole < 3600) return `${Math.floor(whole / 60)}\u00a0min ${whole % 60}\u00a0s`;
  const minutes = Math.round(seconds / 60);
  return `${Math.floor(minutes / 60)}\u00a0h ${minutes % 60}\u00a0min`;
};

/** The 95 % interval of a metric, in the metric's own terms: "91.50 % … 92.56 %". */
export const formatInterval = ({ unit, interval: [low, high] }: Metric): string => {
  if (!(Number.isFinite(low) && Number.isFinite(high))) return "unknown";
  return unit === "fraction"
    ? `${formatPercent(low)} … ${formatPercent(high)}`
    : `${low.toFixed(4)} … ${high.toFixed(4)}`;
};

export const formatMetric = ({ unit, value }: Metric): string => {
  if (unit === "fraction") return formatPercent(value);
  return Number.isFinite(value) ? value.toFixed(4) : "not a number";
};
