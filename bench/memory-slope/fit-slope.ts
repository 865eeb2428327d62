// How fast a measured quantity rises: least squares over means of blocks. Resident memory goes up and down over seconds (collections of
// garbage), so neighbouring samples are not independent; means of blocks much longer than that nearly are.
import { invariant } from "../../src/base/errors.ts";

export interface Sample {
  readonly seconds: number;
  readonly mebibytes: number;
}

export interface Slope {
  /** MiB an hour. */
  readonly perHour: number;
  /** Its 95 % interval, from the scatter of the blocks' means about the line. */
  readonly interval: readonly [low: number, high: number];
  readonly blocks: number;
  readonly samples: number;
}

const blocks = 20;
/** Student's t for 95 % and 18 degrees of freedom: 20 blocks less slope and intercept. */
const studentT = 2.1009;

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

/** Needs at least two samples a block. */
export const fitSlope = (samples: readonly Sample[]): Slope => {
  invariant(samples.length >= 2 * blocks, `${samples.length} samples fill ${blocks} blocks of two`);
  const points = Array.from({ length: blocks }, (_, block) => {
    const own = samples.slice(
      Math.floor((block * samples.length) / blocks),
      Math.floor(((block + 1) * samples.length) / blocks),
    );
    return { hours: mean(own.map(({ seconds }) => seconds)) / 3600, mebibytes: mean(own.map((s) => s.mebibytes)) };
  });
  const [x0, y0] = [mean(points.map(({ hours }) => hours)), mean(points.map(({ mebibytes }) => mebibytes))];
  const sxx = points.reduce((sum, { hours }) => sum + (hours - x0) ** 2, 0);
  const sxy = points.reduce((sum, { hours, mebibytes }) => sum + (hours - x0) * (mebibytes - y0), 0);
  const perHour = sxy / sxx;
  const residual = points.reduce(
    (sum, { hours, mebibytes }) => sum + (mebibytes - y0 - perHour * (hours - x0)) ** 2,
    0,
  );
  const half = studentT * Math.sqrt(residual / (blocks - 2) / sxx);
  return { perHour, interval: [perHour - half, perHour + half], blocks, samples: samples.length };
};
