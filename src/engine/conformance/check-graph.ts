// Checks an engine's run of a large graph against one run in f64, in seconds where compare-graph.ts takes minutes: how far the
// engine may be off is measured with the engine itself.
//
//   An operation with reduction length K that rounds each result (unit roundoff u) gives what exact arithmetic gives for operands
//   that are off by at most γ_K, and by some √K·u when roundings are independent (Higham 2002, 3.1; Higham & Mary 2019). So the
//   engine runs again with every number that it is given multiplied by 1 ± √K·u, signs random, K the longest reduction of the
//   step. How far outputs and states then move, as the root of the mean square over a few runs, times `safety`, is what the
//   undisturbed run may be off by in the Euclidean norm.
//
//   Of a run in bf16 every node is checked (check-nodes.ts). That compares the graph that runs with itself, and runs it with every
//   value observed. So where `runAs` is not the graph, it also runs unobserved, and is compared with the graph as a whole; numbers
//   are then disturbed by √K·u + u′, with u′ = 2⁻⁸ that of bf16: storing y = Σ w·x as bf16 moves y by at most u′·‖y‖ in each layer,
//   and w·(1 ± u′) with independent signs moves it by u′·√Σ w²x² an element, which is |y| where the products are independent. What
//   lies between the two — several roundings in a layer that is not fused — is a small factor, for which there is `safety`.
//
//   Of a run in bytes every node is checked, and what other plans of the graph give is compared with that: what is timed observes nothing,
//   so it adds in place, uses memory again, and may run in strips.
//
// An engine that is wrong can't hide behind this: its distance to f64 is of the order of the values themselves. Only where the
// graph turns a disturbance of √K·u into one of that order would nothing be learned; `relative` shows it, and callers refuse.
import { allocate, unitRoundoff, type ValueDType } from "../../base/dtype.ts";
import { type RandomStream, randomPurposes, randomStream } from "../../base/philox.ts";
import { elementCount } from "../../base/shape.ts";
import { type HostTensor, type NamedTensors, tensor } from "../../base/tensor.ts";
import { flopsOf } from "../../graph/cost-rules.ts";
import { type Graph, resultsOf } from "../../graph/graph.ts";
import type { Value } from "../../graph/value.ts";
import { fuse } from "../../passes/fuse.ts";
import type { Plan } from "../../plan/plan.ts";
import type { Engine } from "../contract.ts";
import { checkNodes, checkObserved } from "./check-nodes.ts";
import { type Comparison, compareNorm, distance } from "./compare-values.ts";
import { interpretExactly } from "./interpret.ts";
import { type GraphRun, runGraph, runPlan } from "./run-graph.ts";
import { withoutMeasure } from "./without-measure.ts";

export interface GraphCheckOptions {
  /** How often the engine runs with disturbed numbers. Default 4. */
  readonly disturbedRuns?: number;
  /** How many times the measured distance the engine may be off. Default 3. */
  readonly safety?: number;
  /** What the engine runs in the graph's place and should compute the same: the graph with batch norm folded, say. */
  readonly runAs?: Graph;
  /** Of a run in bytes: plans of that graph with the engine's fusions, whose outputs should be those of the run that is observed. */
  readonly plans?: readonly Plan[];
}

/**
 * What outputs of two plans of the same graph in bytes may differ by, of their largest element. Sums of bytes are exact; factors may be
 * applied with one rounding or two (2⁻²⁴ each), which moves a byte by a level only where it lies between two, in one of 10⁵ or so. A level is
 * 1/127 of the range at most, and one byte of a map or of some hundred features moves a logit by no more than 10⁻⁴. The dense layer in f32
 * adds √2048·2⁻²⁴. A plan that writes over what it still needs is off by the order of the values.
 */
const sameShare = 1e-4;

export interface GraphCheck extends Comparison {
  /** `allowed` as a fraction of the norm of the exact value: far below 1, or the check says nothing. */
  readonly relative: number;
}

/** The most multiply-adds that one element of a result takes, among the nodes of the part step. */
export const longestReduction = (graph: Graph): number =>
  graph.nodes.reduce((longest, node) => {
    const first = resultsOf(node)[0];
    if (node.part !== "step" || first === undefined) return longest;
    return Math.max(longest, flopsOf(node) / 2 / elementCount(first[1].shape));
  }, 1);

/** The numbers times 1 ± size, each sign a random bit. */
const disturbed = ({ dtype, shape, data }: HostTensor, size: number, { uint32 }: RandomStream): HostTensor => {
  if (dtype === "i32") return { dtype, shape, data };
  const elements = allocate(dtype, data.length);
  let bits = 0;
  for (let i = 0; i < data.length; i++) {
    if (i % 32 === 0) bits = uint32();
    elements[i] = data[i]! * ((bits >>> (i % 32)) & 1 ? 1 + size : 1 - size);
  }
  return tensor(dtype, shape, elements);
};

const elementsIn = (run: GraphRun, name: string): HostTensor["data"] => {
  const found = run.outputs.get(name) ?? run.states.get(name);
  if (found === undefined) throw new Error(`the run gave no value for ${name}`);
  return found.data;
};

/** Whether some value is of a type. */
const computesIn = ({ nodes }: Graph, type: ValueDType): boolean =>
  nodes.some((node) => resultsOf(node).some(([, { dtype }]) => dtype === type));

/**
 * Runs step and update on the engine, with its fusions, from the tensors (inputs and states by name), and compares the outputs
 * and every updated state with those in f64. Of a run in bf16 every node is checked and, where another graph stands in the
 * graph's place, its outputs and states as a whole.
 */
export const checkGraph = async (
  engine: Engine,
  graph: Graph,
  tensors: NamedTensors,
  options: GraphCheckOptions = {},
): Promise<readonly GraphCheck[]> => {
  const { runAs = graph, plans = [] } = options;
  if (computesIn(runAs, "i8") || computesIn(runAs, "u8")) {
    const { checks, run } = await checkObserved(engine, runAs, tensors);
    const others: GraphCheck[] = [];
    for (const plan of plans) others.push(...compareRuns(await runPlan(engine, plan, tensors), run, plan));
    return [...checks, ...others];
  }
  if (!computesIn(runAs, "bf16")) return checkEnds(engine, graph, tensors, unitNoise(graph), options);
  const nodes = await checkNodes(engine, runAs, tensors);
  if (runAs === graph) return nodes;
  const noise = unitNoise(graph) + unitRoundoff.bf16;
  return [...nodes, ...(await checkEnds(engine, graph, tensors, noise, options))];
};

/** The outputs of a plan's run with those of the run that was observed. */
const compareRuns = (run: GraphRun, observed: GraphRun, { graph, strips }: Plan): readonly GraphCheck[] =>
  graph.outputs.map((output) => {
    const [elements, expected] = [elementsIn(run, output.name), elementsIn(observed, output.name)];
    let [error, largest] = [0, 0];
    for (let i = 0; i < expected.length; i++) {
      error = Math.max(error, Math.abs(elements[i]! - expected[i]!));
      largest = Math.max(largest, Math.abs(expected[i]!));
    }
    const allowed = sameShare * largest;
    const name = strips === undefined ? `${output.name} as it is timed` : `${output.name} in strips`;
    return { name, error, allowed, share: error === 0 ? 0 : error / allowed, relative: sameShare };
  });

/** √K·u of f32. */
const unitNoise = (graph: Graph): number => Math.sqrt(longestReduction(graph)) * unitRoundoff.f32;

/** Compares outputs and updated states with the graph's in f64. `noise`: how far off the numbers are in disturbed runs. */
const checkEnds = async (
  engine: Engine,
  graph: Graph,
  tensors: NamedTensors,
  noise: number,
  { disturbedRuns = 4, safety = 3, runAs = graph }: GraphCheckOptions,
): Promise<readonly GraphCheck[]> => {
  const step = withoutMeasure(graph);
  const values: readonly Value[] = [...step.outputs, ...graph.updates.map(({ state }) => state)];
  const fused = fuse(withoutMeasure(runAs), engine.fusions);

  const run = await runGraph(engine, fused, tensors);
  const squares = new Map(values.map(({ name }) => [name, 0]));
  for (let seed = 0; seed < disturbedRuns; seed++) {
    const random = randomStream(seed, randomPurposes.synthetic);
    const moved = new Map([...tensors].map(([name, each]) => [name, disturbed(each, noise, random)]));
    const other = await runGraph(engine, fused, moved);
    for (const { name } of values) {
      squares.set(name, (squares.get(name) ?? 0) + distance(elementsIn(other, name), elementsIn(run, name)) ** 2);
    }
  }
  const exact = interpretExactly(step, tensors);
  return values.map(({ name, shape }) => {
    const expected = exact.get(name) ?? allocate("f64", elementCount(shape));
    const allowed = safety * Math.sqrt((squares.get(name) ?? 0) / disturbedRuns);
    const norm = distance(expected, new Float64Array(expected.length));
    return { ...compareNorm(name, elementsIn(run, name), expected, allowed), relative: allowed / norm };
  });
};
