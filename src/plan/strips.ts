// Strips: the first layers of a large batch, whose maps are larger than the caches, may be run for some images at a time. The plan of
// so many images is the plan of the whole batch with other shapes; strips say how far to follow it, and how often.

import { dtypeBytes } from "../base/dtype.ts";
import { elementCount } from "../base/shape.ts";
import { operandsOf, resultsOf } from "../graph/graph.ts";
import type { Node } from "../graph/ops.ts";
import type { Value } from "../graph/value.ts";
import type { Plan } from "./plan.ts";

export interface Strips {
  /** How often the nodes are run, each time for the next images. */
  readonly count: number;
  /** The first nodes of the plan's part `step`, with the shapes of one strip. */
  readonly nodes: readonly Node[];
  /** The input that they read, of the shape of one strip. */
  readonly input: Value;
  /** The one value that later nodes read of them, of the whole batch. */
  readonly result: Value;
}

/** Maps beyond this many bytes are cut; the caches of a core or two hold about as much. */
const largestMapBytes = 16 * 2 ** 20;

const bytesOf = ({ dtype, shape }: Value): number => elementCount(shape) * dtypeBytes[dtype];
const stepsOf = ({ order }: Plan): readonly Node[] => order.filter(({ part }) => part === "step");
const largestResult = (node: Node): number => Math.max(0, ...resultsOf(node).map(([, value]) => bytesOf(value)));

/** Bytes of the largest map that a step of the plan makes. */
export const largestMapOf = (plan: Plan): number => Math.max(0, ...stepsOf(plan).map(largestResult));

/** Into how many strips a plan for `batch` images is cut: a power of two that divides the batch; 1 where all maps are small. */
export const stripCount = (plan: Plan, batch: number, mapBytes = largestMapBytes): number => {
  const largest = largestMapOf(plan);
  let count = 1;
  while (largest / count > mapBytes && batch % (2 * count) === 0) count *= 2;
  return count;
};

/**
 * The plan with its first layers cut into strips: as far as maps are large, and on to where a single value is all that later nodes read.
 * `part` is the plan of the same network for one strip. The plan as it is, where there is no such place.
 */
export const withStrips = (plan: Plan, part: Plan, count: number, mapBytes = largestMapBytes): Plan => {
  const steps = stepsOf(plan);
  const large = steps.findLastIndex((node) => largestResult(node) > mapBytes);
  if (count < 2 || large === -1) return plan;
  for (let last = large; last < steps.length - 1; last++) {
    const [result, ...others] = readLater(plan, steps, last);
    if (result === undefined || others.length > 0) continue;
    const nodes = stepsOf(part).slice(0, last + 1);
    const input = inputOf(part, nodes);
    return input === null ? plan : { ...plan, strips: { count, nodes, input, result } };
  }
  return plan;
};

/** The values made by steps up to `last`, or given, that later steps or the caller read. */
const readLater = ({ graph }: Plan, steps: readonly Node[], last: number): readonly Value[] => {
  const known = new Map<string, Value>(graph.inputs.map((value) => [value.name, value]));
  for (const node of steps.slice(0, last + 1)) for (const [, value] of resultsOf(node)) known.set(value.name, value);
  const later = steps.slice(last + 1).flatMap((node) => operandsOf(node).map(([, { name }]) => name));
  const read = new Set([...later, ...graph.outputs.map(({ name }) => name)]);
  return [...known.values()].filter(({ name }) => read.has(name));
};

/** The only input that the nodes read; null where there are several, or none. */
const inputOf = ({ graph }: Plan, nodes: readonly Node[]): Value | null => {
  const read = new Set(nodes.flatMap((node) => operandsOf(node).map(([, { name }]) => name)));
  const [input, ...others] = graph.inputs.filter(({ name }) => read.has(name));
  return input === undefined || others.length > 0 ? null : input;
};
